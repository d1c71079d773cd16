"""The table of commands and how people's lines are read by it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.commands.parsing import parse, usage
from adapters.commands.table import COMMANDS, GROUPS, Command, Option, find, leaves
from bot.errors import Refused, UnknownCommand, UnknownCommandSuggest, WrongUse
from bot.flags import FLAGS
from bot.i18n.negotiate import LANGUAGES
from bot.types import Options
from tests.support.catalogues import compiled

LEAVES = dict(leaf for command in COMMANDS.values() for leaf in leaves(command))
PATHS = sorted(LEAVES)


def everything() -> Iterator[Command | Option]:
    """Yield every command, subcommand and option."""
    for command in COMMANDS.values():
        yield command
        for each in (command, *command.subcommands):
            yield each
            yield from each.options


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_commands_are_those_that_work() -> None:
    assert {" ".join(path) for path in PATHS} == {
        "imagine",
        "edit",
        "describe",
        "again",
        "undo",
        "cancel",
        "queue",
        "history",
        "details",
        "settings show",
        "settings set",
        "settings reset",
        "engine list",
        "engine models",
        "engine test",
        "help",
        "about",
    }
    assert len(COMMANDS) == sum(map(len, GROUPS.values()))


def test_names_and_numbers_keep_within_what_platforms_take() -> None:
    for each in everything():
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,31}", each.name)
    for command in LEAVES.values():
        names = [option.name for option in command.options]
        assert len(set(names)) == len(names) <= 25
        required = [option.required for option in command.options]
        assert required == sorted(required, reverse=True), f"{command.name}: what is required comes first"
        assert all(len(option.choices) <= 25 for option in command.options)


@pytest.mark.parametrize("language", LANGUAGES)
def test_descriptions_keep_within_what_platforms_take(language: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    catalogues = compiled(tmp_path_factory.mktemp("locales"))
    for each in everything():
        assert 1 <= len(catalogues.translate(language, each.description)) <= 100


def test_the_options_of_pictures_are_those_of_a_request() -> None:
    imagine, edit = ([option.name for option in find((name,)).options] for name in ("imagine", "edit"))
    pictures = {"image", "image2", "image3", "image4"}
    assert set(imagine) == {"prompt", *pictures, "size", "count", "negative", "seed", "model", "engine"}
    assert set(edit) == {*imagine, "mask"}
    wanted = set(imagine) - pictures - {"prompt"}
    assert wanted <= {field.name for field in dataclasses.fields(Options)}
    assert wanted <= {flag.name for flag in FLAGS}


# ── reading lines ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "path", "values"),
    [
        ("/imagine a red fox", "imagine", {"prompt": "a red fox"}),
        ("/Imagine  A Red  Fox --size 16:9", "imagine", {"prompt": "A Red  Fox --size 16:9"}),
        ("  /imagine\na red fox\nin the snow ", "imagine", {"prompt": "a red fox\nin the snow"}),
        ("／imagine 雪地里的红狐狸", "imagine", {"prompt": "雪地里的红狐狸"}),
        ("/imagine", "imagine", {"prompt": ""}),
        ("/edit clear --history", "edit", {"prompt": "clear --history"}),
        ("/describe", "describe", {}),
        ("/again", "again", {}),
        ("/UNDO ", "undo", {}),
        ("/history", "history", {}),
        ("/history clear", "history", {"clear": True}),
        ("/history --clear", "history", {"clear": True}),
        ("/settings", "settings show", {}),
        ("/settings show", "settings show", {}),
        ("/settings set size 16:9", "settings set", {"setting": "size", "value": "16:9"}),
        ("/settings\nset size\n16:9", "settings set", {"setting": "size", "value": "16:9"}),
        (
            "/Settings Set negative rain, low quality --for Server",
            "settings set",
            {"setting": "negative", "value": "rain, low quality", "for": "server"},
        ),
        (
            "/settings set --for=channel --setting size 16:9",
            "settings set",
            {"setting": "size", "value": "16:9", "for": "channel"},
        ),
        ("/settings set —for me size 1:1", "settings set", {"setting": "size", "value": "1:1", "for": "me"}),
        ("/settings set size for server", "settings set", {"setting": "size", "value": "for server"}),
        ("/settings reset", "settings reset", {}),
        ("/settings reset size", "settings reset", {"setting": "size"}),
        ("/settings reset --for server", "settings reset", {"for": "server"}),
        ("/engine", "engine list", {}),
        ("/engine models", "engine models", {}),
        ("/engine models demo", "engine models", {"engine": "demo"}),
        ("/engine models demo sd xl", "engine models", {"engine": "demo", "search": "sd xl"}),
        ("/engine models --search sd", "engine models", {"search": "sd"}),
        ("/engine test demo draw", "engine test", {"engine": "demo", "draw": True}),
        ("/engine test --draw demo", "engine test", {"engine": "demo", "draw": True}),
        ("/help", "help", {}),
        ("/help settings set", "help", {"command": "settings set"}),
    ],
)
def test_a_line_is_read(line: str, path: str, values: dict[str, object]) -> None:
    invocation = parse(line, "/")
    assert invocation is not None
    assert (" ".join(invocation.path), invocation.values) == (path, values)


@pytest.mark.parametrize(
    "line",
    ["", "a red fox", "/", "/ imagine", "//", "/usr/bin/env", "/2 foxes", "!imagine", "imagine /", "/" + "a" * 40],
)
def test_what_is_no_command_is_left_alone(line: str) -> None:
    assert parse(line, "/") is None


@pytest.mark.parametrize(
    ("line", "prefix"), [("!again", "!"), ("！again", "!"), ("!easel again", "!easel "), ("!Easel again", "!easel ")]
)
def test_other_prefixes(line: str, prefix: str) -> None:
    invocation = parse(line, prefix)
    assert invocation is not None
    assert invocation.path == ("again",)


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("/imagin a fox", "/imagine"),
        ("/Setting", "/settings"),
        ("/hlep", "/help"),
        ("/engine model", "/engine models"),
        ("/settings sett size 1:1", "/settings set"),
        ("/dream", None),
        ("/画 狐狸", None),
    ],
)
def test_an_unknown_command_is_named_and_the_nearest_suggested(line: str, suggestion: str | None) -> None:
    with pytest.raises(UnknownCommand) as caught:
        parse(line, "/")
    assert caught.value.args_["name"] in line
    assert caught.value.args_.get("suggestion") == suggestion
    assert isinstance(caught.value, UnknownCommandSuggest) is (suggestion is not None)


@pytest.mark.parametrize(
    ("line", "usages"),
    [
        ("/queue now", ["/queue"]),
        ("/history all", ["/history [clear]"]),
        ("/history --clear=no", ["/history [clear]"]),
        ("/settings set", ["/settings set <setting> <value> [--for me|channel|server]"]),
        ("/settings set size", ["/settings set <setting> <value> [--for me|channel|server]"]),
        ("/settings set size 1:1 --for everybody", ["/settings set <setting> <value> [--for me|channel|server]"]),
        ("/settings set size 1:1 --for", ["/settings set <setting> <value> [--for me|channel|server]"]),
        ("/settings reset --fro me", ["/settings reset [<setting>] [--for me|channel|server]"]),
        ("/engine test", ["/engine test <engine> [draw]"]),
        ("/engine 7", ["/engine list", "/engine models [<engine>] [<search>]", "/engine test <engine> [draw]"]),
    ],
)
def test_wrong_use_is_answered_with_the_right_one(line: str, usages: list[str]) -> None:
    with pytest.raises(WrongUse) as caught:
        parse(line, "/")
    assert caught.value.args_["usage"].splitlines() == usages


@pytest.mark.parametrize("path", PATHS)
def test_what_the_usage_says_is_understood(path: tuple[str, ...]) -> None:
    line = usage(path, "/").replace("[--option …]", "").replace("me|channel|server", "me")
    invocation = parse(re.sub(r"[\[\]<>]", "", line), "/")
    assert invocation is not None
    assert invocation.path == path
    assert set(invocation.values) >= {option.name for option in find(path).options if option.required}


WORDS = st.sampled_from(["settings", "set", "size", "--for=me", "--for", "clear", "--", "—", "=", "draw"])


@given(st.text() | st.lists(WORDS).map(" ".join))
def test_any_line_is_read_or_refused(text: str) -> None:
    for line in (text, f"/{text}", f"/settings {text}", f"/engine test {text}"):
        try:
            invocation = parse(line, "/")
        except Refused:
            continue
        assert invocation is None or invocation.path in LEAVES
