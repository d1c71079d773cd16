"""What commands answer, from values: lists and details."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.commands.phrasing import Phrasing
from bot.answers import Past, Standing
from bot.engines.base import Capabilities, Health, Model
from bot.errors import EngineBusy
from bot.i18n.catalogue import Catalogues
from bot.i18n.negotiate import LANGUAGES
from bot.settings.layers import Effective, Layer, resolve
from bot.settings.models import Policy, Preferences
from bot.types import Job, State
from tests.support import jobs
from tests.support.catalogues import compiled

NOW = 1_000_000.0
ENGLISH = Phrasing(Catalogues(), "en", NOW)
DRAWS = Capabilities(seed=True)


def job(**fields: Any) -> Job:
    """Return a delivered job of five minutes ago; `plan` changes its plan."""
    plan = fields.pop("plan", {})
    made: dict[str, Any] = {"state": State.DELIVERED, "created": NOW - 300, "started": NOW - 300, "ended": NOW - 296.75}
    return dataclasses.replace(jobs.job(**plan), **(made | fields))


def effective(layers: Mapping[Layer, Preferences]) -> Effective:
    return resolve(layers, Policy())


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_setting_is_listed_with_its_value_and_source() -> None:
    lines = ENGLISH.settings(
        effective(
            {
                "person": Preferences(size="16:9", count=9),
                "channel": Preferences(negative="rain"),
                "server": Preferences(preview=False),
                "operator": Preferences(edit_engine="demo"),
            }
        )
    ).splitlines()
    assert [line.partition(":")[0] for line in lines] == list(Preferences.model_fields)
    assert {
        "size: 16:9 — set by you",
        "count: 4 — set by you — 9 is more than allowed here",
        "negative: rain — set for this channel",
        "preview: off — set for this server",
        "edit_engine: demo — set by the operator",
        "generate_engine: automatic — built in",
        "style: none — built in",
        "metadata: on — built in",
    } <= set(lines)


def test_what_was_set_is_said_and_what_hides_it() -> None:
    mine = effective({"person": Preferences(size="1:1"), "server": Preferences(size="16:9")})
    assert ENGLISH.saved("person", mine, "size") == "Saved for you.\nsize: 1:1 — set by you"
    assert ENGLISH.saved("server", mine, "size").splitlines() == [
        "Saved for this server.",
        "A nearer setting still holds for you here:",
        "size: 1:1 — set by you",
    ]
    assert ENGLISH.taken_back("channel", mine, None) == "Taken back for this channel."
    assert ENGLISH.taken_back("person", mine, "count") == "Taken back for you.\ncount: 1 — built in"


# ── jobs ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("state", "ahead", "wait_s", "progress", "line"),
    [
        (State.QUEUED, 0, None, None, "waiting, next in line"),
        (State.QUEUED, 0, 0.4, None, "waiting, next in line, about 1 s"),
        (State.QUEUED, 1, None, None, "waiting, 1 comes before it"),
        (State.QUEUED, 1, 7.2, None, "waiting, 1 comes before it, about 8 s"),
        (State.QUEUED, 12, None, None, "waiting, 12 come before it"),
        (State.QUEUED, 12, 110.0, None, "waiting, 12 come before it, about 2 min"),
        (State.RUNNING, 0, None, None, "being drawn"),
        (State.RUNNING, 0, None, 0.404, "being drawn, 40 %"),
        (State.DRAWN, 0, None, 1.0, "finished, about to be posted"),
        (State.POSTING, 0, None, 1.0, "finished, about to be posted"),
    ],
)
def test_a_waiting_job_says_how_it_stands(
    state: State, ahead: int, wait_s: float | None, progress: float | None, line: str
) -> None:
    standing = Standing(job(state=state, progress=progress), ahead, wait_s)
    assert ENGLISH.queue([standing, standing]) == f"1. a red fox — {line}\n2. a red fox — {line}"


def test_how_long_one_waits_is_said_in_every_language(tmp_path: Path) -> None:
    catalogues = compiled(tmp_path)
    standings = [Standing(job(state=State.QUEUED), ahead, 100.0) for ahead in (0, 2)]
    said = {language: Phrasing(catalogues, language, NOW).queue(standings) for language in LANGUAGES}
    assert said["zh-CN"].splitlines() == [
        "1. a red fox — 排队中，下一个就轮到它，大约还要等 2 分钟",
        "2. a red fox — 排队中，前面还有 2 个，大约还要等 2 分钟",
    ]
    assert len(set(said.values())) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("seconds", "ago"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86399, "23 hours ago"),
        (86400, "1 day ago"),
        (999999, "11 days ago"),
    ],
)
def test_history_says_when(seconds: float, ago: str) -> None:
    past = Past(job(created=NOW - seconds), (jobs.picture(), jobs.picture()))
    assert ENGLISH.history([past]) == f"{ago} — a red fox — 2 pictures"


@pytest.mark.parametrize(
    ("past", "line"),
    [
        (Past(job(), (jobs.picture(),)), "a red fox — 1 picture"),
        (Past(job(), ()), "a red fox — deleted"),
        (Past(job(state=State.CANCELLED), ()), "a red fox — cancelled"),
        (
            Past(job(state=State.FAILED, error="EngineBusy", error_args={"engine": "demo"}), ()),
            f"a red fox — {EngineBusy.sentence.format(engine='demo')}",
        ),
        (
            Past(job(plan={"prompt": "", "shown_again": True}), (jobs.picture(),)),
            "an earlier picture, shown again — 1 picture",
        ),
        (Past(job(plan={"prompt": "a\n fox " * 40}), ()), f"{'a fox ' * 9}a fox… — deleted"),
    ],
)
def test_history_says_what_came_of_it(past: Past, line: str) -> None:
    assert ENGLISH.history([past]) == f"5 minutes ago — {line}"


def test_details_tell_all_that_is_known() -> None:
    pictures = tuple(dataclasses.replace(jobs.picture(), facts={"seed": seed}) for seed in (0, 1))
    plan = {"prompt": "a fox {x}", "negative": "rain", "adapted": ("I left the steps out.",), "count": 2}
    facts = {"model": "sketch", "revised_prompt": "a red fox in the snow", "cost": None}
    assert ENGLISH.details(Past(job(plan=plan, facts=facts), pictures)).splitlines() == [
        "a fox {x}",
        "Prompt sent: a red fox in the snow",
        "Negative: rain",
        "Engine: demo",
        "Model: sketch",
        "Seed: 0, 1",
        "Size: 64 × 64",
        "Time: 5 minutes ago · 3.2 s",
        "I left the steps out.",
    ]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"prompt": "a red fox, snow"}, ["Prompt sent: a red fox, snow"]),
        ({"enhanced": False}, ["I could not improve the words, so I sent them as they are."]),
        (
            {"prompt": "a red fox, snow", "revised_prompt": "a red fox in deep snow"},
            ["Prompt sent: a red fox, snow", "Prompt used by the engine: a red fox in deep snow"],
        ),
        ({"prompt": "a red fox, snow", "revised_prompt": "a red fox, snow"}, ["Prompt sent: a red fox, snow"]),
    ],
)
def test_details_tell_which_words_were_sent(facts: dict[str, object], said: list[str]) -> None:
    assert ENGLISH.details(Past(job(facts=facts), ())).splitlines()[: len(said) + 2] == [
        "a red fox",
        *said,
        "Engine: demo",
    ]


def test_details_leave_out_what_is_not_known() -> None:
    waiting = job(state=State.QUEUED, started=None, ended=None, plan={"model": "sketch", "seed": 0})
    assert ENGLISH.details(Past(waiting, ())).splitlines() == [
        "a red fox",
        "Engine: demo",
        "Model: sketch",
        "Seed: 0",
        "Time: 5 minutes ago",
    ]
    failed = job(state=State.FAILED, error="EngineBusy", error_args={"engine": "demo"})
    assert ENGLISH.details(Past(failed, ())).splitlines()[-1] == EngineBusy.sentence.format(engine="demo")
    again = job(plan={"prompt": "", "shown_again": True})
    assert ENGLISH.details(Past(again, ())) == "an earlier picture, shown again — 5 minutes ago"


# ── engines ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_engines_say_what_they_can_and_which_is_chosen() -> None:
    engines = {"demo": Capabilities(edit=True, mask=True, seed=True), "cloud": Capabilities()}
    assert ENGLISH.engines(engines, effective({"server": Preferences(generate_engine="cloud")})).splitlines() == [
        "demo — draws · changes pictures · takes a mask · takes a seed",
        "cloud — draws",
        "",
        "generate_engine: cloud — set for this server",
        "edit_engine: automatic — built in",
    ]


def test_only_the_first_models_are_listed() -> None:
    models = [Model(f"model-{number}", "Sketch" if number == 1 else "") for number in range(30)]
    lines = ENGLISH.models("demo", models, "").splitlines()
    assert lines[:2] == ["model-0", "model-1 — Sketch"]
    assert lines[25:] == ["And 5 more. Add a part of a name to find it."]
    assert ENGLISH.models("demo", models[:25], "").count("\n") == 24
    assert "no model with “xl” in its name" in ENGLISH.models("demo", [], "xl")
    assert "no model to choose" in ENGLISH.models("demo", [], "")


def test_what_an_engine_has_by_name_is_listed_kind_by_kind() -> None:
    found = [
        Model("euler", kind="sampler"),
        Model("xl", "Large"),
        Model("heun", kind="sampler"),
        Model("ink", kind="lora"),
    ]
    assert ENGLISH.models("demo", found, "") == "Models\nxl — Large\n\nSamplers\neuler\nheun\n\nLoRAs\nink"


def test_a_check_says_what_it_found() -> None:
    assert ENGLISH.tested("demo", Health(True, "Ready.")) == "✓ demo: Ready."
    assert ENGLISH.tested("demo", Health(False, "No {answer}.")) == "✗ demo: No {answer}."
