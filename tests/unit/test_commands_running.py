"""Commands carried out by the real Easel with the demo engine: what they do, and who may."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.commands.parsing import Invocation, Value, parse
from adapters.commands.running import Context, run
from adapters.commands.table import COMMANDS, find, leaves
from bot.answers import Accepted, Told
from bot.config import Config
from bot.db import pictures
from bot.db.database import Tx
from bot.db.schema import jobs as stored_jobs
from bot.errors import (
    BadSetting,
    Gone,
    NotAllowed,
    NothingToCancel,
    NothingToRepeat,
    NothingToUndo,
    NotYours,
    UnknownCommand,
    UnknownEngine,
)
from bot.i18n.negotiate import LANGUAGES
from bot.jobs import journal
from bot.process import Parts, assembled
from bot.types import MessageRef, Options, Person, Place, Request
from tests.support import jobs

PLACE = Place("local", "s", "c")
ANN = Person("local", "ann")
BEN = Person("local", "ben")
ADMIN = Person("local", "root", admin=True)
MESSAGE = MessageRef(PLACE, "7")
PATHS = sorted(path for command in COMMANDS.values() for path, _ in leaves(command))


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Parts]:
    """A bot that takes requests and draws nothing."""
    async with assembled(Config(data_dir=tmp_path / "data", secret_key_file=tmp_path / "key"), {}) as parts:
        yield parts


async def call(bot: Parts, line: str, person: Person = ANN, **context: Any) -> str | Accepted | Request:
    invocation = parse(line, "/")
    assert invocation is not None
    answer = await run(invocation, Context(bot.easel, person, PLACE, context.pop("key", line), MESSAGE, **context))
    return answer.text if isinstance(answer, Told) else answer


async def ask(bot: Parts, line: str, person: Person = ANN) -> str:
    """Have a picture asked for by a command, and return the job's id."""
    request = await call(bot, line, person)
    assert isinstance(request, Request)
    accepted = await bot.easel.accept(request)
    assert isinstance(accepted, Accepted)
    return accepted.job.id


# ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["imagine", "edit"])
async def test_words_become_a_request_with_its_flags_still_in_them(bot: Parts, command: Any) -> None:
    expected = Request("k", ANN, PLACE, "a fox --size 16:9", command=command, message=MESSAGE)
    assert await call(bot, f"/{command} a fox --size 16:9", key="k") == expected


async def test_options_given_as_such_become_those_of_the_request(bot: Parts) -> None:
    values: dict[str, Value] = {
        "prompt": "a fox",
        "size": "16:9",
        "count": 2,
        "negative": "rain",
        "seed": 0,
        "engine": "demo",
    }
    request = await run(Invocation(("imagine",), values), Context(bot.easel, ANN, PLACE, "k"))
    assert isinstance(request, Request)
    assert request.options == Options(size="16:9", count=2, negative="rain", seed=0, engine="demo")


async def test_a_request_is_waited_for_stopped_and_repeated(bot: Parts) -> None:
    first = await ask(bot, "/imagine a red fox")
    await ask(bot, "/imagine a lighthouse")
    assert await call(bot, "/queue") == (
        "1. a red fox — waiting, next in line\n2. a lighthouse — waiting, 1 comes before it"
    )
    assert await call(bot, "/cancel", replied_job=first) == "Stopped."
    again = await call(bot, "/again", replied_job=first)
    assert isinstance(again, Accepted)
    assert (again.job.plan.prompt, again.job.message) == ("a red fox", MESSAGE)
    assert await call(bot, "/cancel") == "Stopped all 2."
    assert "Nothing of yours is waiting" in str(await call(bot, "/queue"))


async def test_what_there_is_nothing_for_is_said(bot: Parts) -> None:
    for line, error in (("/cancel", NothingToCancel), ("/again", NothingToRepeat), ("/undo", NothingToUndo)):
        with pytest.raises(error):
            await call(bot, line)
    assert await call(bot, "/history") == await call(bot, "/details") == "There is nothing yet. Tell me what to draw!"
    for line in ("/details", "/again", "/cancel"):
        with pytest.raises(Gone):
            await call(bot, line, replied_job="gone")


async def test_others_may_look_at_a_job_but_not_stop_it(bot: Parts) -> None:
    job = await ask(bot, "/imagine a red fox")
    assert "a red fox" in str(await call(bot, "/details", BEN, replied_job=job))
    with pytest.raises(NotYours):
        await call(bot, "/cancel", BEN, replied_job=job)
    assert await call(bot, "/cancel", ADMIN, replied_job=job) == "Stopped."


async def test_history_is_ones_own_and_can_be_deleted(bot: Parts) -> None:
    job = await ask(bot, "/imagine a red fox --seed 7")
    await call(bot, "/cancel")
    assert await call(bot, "/history") == "just now — a red fox — cancelled"
    assert await call(bot, "/details") == await call(bot, "/details", BEN, replied_job=job)
    assert "nothing yet" in str(await call(bot, "/history", BEN))
    told = stored_jobs.update().values(announced=1.0)  # what has not been told yet is not deleted
    await bot.database.write(lambda tx: tx.execute(told))
    assert await call(bot, "/history clear", BEN) == "Deleted 0 requests and their pictures."
    assert await call(bot, "/history clear") == "Deleted 1 request and its pictures."
    assert "nothing yet" in str(await call(bot, "/history"))


async def test_undo_goes_back_from_the_picture_replied_to(bot: Parts) -> None:
    before, after = jobs.picture(), jobs.picture()
    edit = dataclasses.replace(jobs.job("ann", kind="edit"), place=PLACE, parent=before.id)

    def step(tx: Tx) -> None:
        pictures.add(tx, before, b"old", person=ANN.key, platform="local")
        journal.add(tx, edit, "k", inputs=[before.id])
        pictures.add(tx, after, b"new", person=ANN.key, platform="local", job=edit.id)

    await bot.database.write(step)
    shown = await call(bot, "/undo", replied_picture=after.id)
    assert isinstance(shown, Accepted)
    assert [each.id for each in (await bot.easel.details(shown.job.id)).pictures] == [before.id]


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_settings_are_set_shown_and_taken_back(bot: Parts) -> None:
    assert await call(bot, "/settings set Size 16:9 --for server", ADMIN) == (
        "Saved for this server.\nsize: 16:9 — set for this server"
    )
    assert await call(bot, "/settings set size 1:1") == "Saved for you.\nsize: 1:1 — set by you"
    assert "size: 1:1 — set by you" in str(await call(bot, "/settings")).splitlines()
    assert "size: 16:9 — set for this server" in str(await call(bot, "/settings show", BEN)).splitlines()
    assert await call(bot, "/settings reset size") == "Taken back for you.\nsize: 16:9 — set for this server"
    assert await call(bot, "/settings reset --for server", ADMIN) == "Taken back for this server."
    assert "size: automatic — built in" in str(await call(bot, "/settings show", BEN)).splitlines()


@pytest.mark.parametrize("layer", ["channel", "server"])
@pytest.mark.parametrize("line", ["/settings set size 1:1", "/settings reset size", "/settings reset"])
async def test_a_channel_or_server_is_set_by_admins(bot: Parts, line: str, layer: str) -> None:
    with pytest.raises(NotAllowed):
        await call(bot, f"{line} --for {layer}")
    assert layer in str(await call(bot, f"{line} --for {layer}", ADMIN))


async def test_a_value_that_does_not_fit_is_refused(bot: Parts) -> None:
    with pytest.raises(BadSetting):
        await call(bot, "/settings set count many")
    with pytest.raises(UnknownEngine):
        await call(bot, "/settings set generate_engine cloud")


async def test_two_settings_at_the_same_time_are_both_kept(bot: Parts) -> None:
    await asyncio.gather(call(bot, "/settings set size 1:1"), call(bot, "/settings set count 2"))
    shown = str(await call(bot, "/settings")).splitlines()
    assert {"size: 1:1 — set by you", "count: 2 — set by you"} <= set(shown)


async def test_a_language_just_set_is_the_one_answered_in(bot: Parts) -> None:
    english = await call(bot, "/settings set count 2")
    chinese = await call(bot, "/settings set language zh-TW")
    assert chinese == "\n".join(
        (
            bot.easel.say("zh-TW", "Saved for you."),
            f"language: zh-TW — {bot.easel.say('zh-TW', 'set by you')}",
        )
    )
    assert await call(bot, "/settings set count 2") != english


# ── engines, help, about ────────────────────────────────────────────────────────────────────────────────────────


async def test_engines_are_listed_looked_into_and_tested(bot: Parts) -> None:
    assert str(await call(bot, "/engine list")).startswith("demo — draws · changes pictures")
    assert await call(bot, "/engine models") == await call(bot, "/engine models demo")
    assert "no model with “xl”" in str(await call(bot, "/engine models demo xl"))
    assert str(await call(bot, "/engine test demo", ADMIN)).startswith("✓ demo: ")
    for line in ("/engine models cloud", "/engine test cloud"):
        with pytest.raises(UnknownEngine):
            await call(bot, line, ADMIN)


@pytest.mark.parametrize("path", [path for path in PATHS if find(path).who == "admin"])
async def test_what_is_for_admins_is_refused_to_others(bot: Parts, path: tuple[str, ...]) -> None:
    with pytest.raises(NotAllowed):
        await run(Invocation(path, {"engine": "demo"}), Context(bot.easel, ANN, PLACE, "k"))


async def test_help_is_given_for_everything_or_for_one_command(bot: Parts) -> None:
    assert "/imagine — " in str(await call(bot, "/help"))
    for line in ("/help settings", "/help /settings", "/help Settings set"):
        assert str(await call(bot, line)).startswith("/settings show\n")
    for line in ("/help dance", "/help /"):
        with pytest.raises(UnknownCommand):
            await call(bot, line)


async def test_about_names_version_engines_and_licence(bot: Parts) -> None:
    about = str(await call(bot, "/about"))
    assert version("easel") in about
    assert "demo" in about
    assert "Apache License 2.0" in about


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_every_command_that_answers_with_words_does_so_in_every_language(bot: Parts, locale: str) -> None:
    person = dataclasses.replace(ADMIN, locale=locale)
    values = {"setting": "count", "value": "2", "engine": "demo"}
    with capture_logs() as logs:
        for path in PATHS:
            if path[0] in ("imagine", "edit", "again", "undo"):
                continue
            job = await ask(bot, f"/imagine a fox {locale} {'-'.join(path)}", person)
            given = {option.name: values[option.name] for option in find(path).options if option.name in values}
            answer = await run(Invocation(path, given), Context(bot.easel, person, PLACE, "k", replied_job=job))
            assert isinstance(answer, Told)
            assert answer.text.strip() == answer.text != ""
            assert "{" not in answer.text
    assert [entry["event"] for entry in logs if entry["event"] == "sentence_not_filled"] == []
