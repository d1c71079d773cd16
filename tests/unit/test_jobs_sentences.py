"""What people read at the end of a job: the language model's sentence beside a picture, or its reason for none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.engines.base import Result, Run, Task
from bot.errors import Cancelled, ContentRefused
from bot.jobs import journal
from bot.llm.base import NoAnswer
from bot.prompts import prompts as prompts_module
from bot.wording import DRAWN
from tests.support.bot import running
from tests.support.engines import ScriptedEngine, draws
from tests.support.jobs import job
from tests.support.llm_scripted import ScriptedModel
from tests.support.memory_platform import MemoryPlatform

FRIENDLY = "Here is your fox, fresh from the snow."


# ── the sentence beside a picture ───────────────────────────────────────────────────────────────────────────────────


async def test_the_sentence_is_asked_for_while_the_engine_draws_and_the_rest_of_the_text_stays(tmp_path: Path) -> None:
    platform, model = MemoryPlatform(), ScriptedModel()
    model.answer("acknowledge", FRIENDLY)

    async def draws_meanwhile(task: Task, run: Run) -> Result:
        await model.arrived("acknowledge")
        return await draws(task, run)

    async with running(tmp_path, ScriptedEngine(behaviour=draws_meanwhile), platform, model=model) as bot:
        asked = await bot.ask(job(seed=5, adapted=("I left the steps out.",), details_line=True))
        delivery = await platform.ended(asked.id)
    assert delivery.text.splitlines() == [FRIENDLY, "I left the steps out.", "demo · scripted · seed 5"]


@pytest.mark.parametrize("said", [None, NoAnswer("away"), "@everyone look at https://example.org"], ids=repr)
async def test_a_sentence_that_does_not_come_or_is_none_is_replaced_by_a_fixed_one(tmp_path: Path, said: Any) -> None:
    platform, model = MemoryPlatform(), ScriptedModel()
    model.answer("acknowledge", said or FRIENDLY)

    async def draws_meanwhile(task: Task, run: Run) -> Result:
        await model.arrived("acknowledge")
        return await draws(task, run)

    async with running(tmp_path, ScriptedEngine(behaviour=draws_meanwhile), platform, model=model) as bot:
        if said is None:  # it hangs
            async with model.holding("acknowledge"):
                delivery = await platform.ended((await bot.ask(job())).id)
        else:
            delivery = await platform.ended((await bot.ask(job())).id)
    assert delivery.text in DRAWN


async def test_who_wants_no_sentence_gets_none(tmp_path: Path) -> None:
    platform, model = MemoryPlatform(), ScriptedModel()
    async with running(tmp_path, ScriptedEngine(), platform, model=model) as bot:
        delivery = await platform.ended((await bot.ask(job(acknowledge=False))).id)
    assert (delivery.text, model.asked) == ("", [])


# ── why there is no picture ─────────────────────────────────────────────────────────────────────────────────────────


async def refuses(task: Task, run: Run) -> Result:
    """Refuse what is asked for."""
    raise ContentRefused(engine="demo")


CATALOGUE = ContentRefused.sentence.format(engine="demo")
KINDER = "Sorry, demo did not draw this because of its content rules. Please word it differently."


async def test_a_reason_is_told_in_kinder_words(tmp_path: Path) -> None:
    platform, model = MemoryPlatform(), ScriptedModel()
    model.answer("explain", KINDER)
    async with running(tmp_path, ScriptedEngine(behaviour=refuses), platform, model=model) as bot:
        delivery = await platform.ended((await bot.ask(job())).id)
    assert delivery.text == KINDER
    assert "a red fox" not in model.asked_for("explain")[0].said


@pytest.mark.parametrize("answer", [NoAnswer("late"), "Something went wrong."], ids=repr)
async def test_a_reason_that_lost_what_matters_is_not_told(tmp_path: Path, answer: Any) -> None:
    platform, model = MemoryPlatform(), ScriptedModel()
    model.answer("explain", answer)
    async with running(tmp_path, ScriptedEngine(behaviour=refuses), platform, model=model) as bot:
        assert (await platform.ended((await bot.ask(job())).id)).text == CATALOGUE
    assert len(model.asked_for("explain")) == 1


async def test_who_wants_no_sentences_and_who_cancelled_are_told_plainly(tmp_path: Path) -> None:
    platform, model = MemoryPlatform(), ScriptedModel()
    async with running(tmp_path, ScriptedEngine(behaviour=refuses), platform, model=model) as bot:
        assert (await platform.ended((await bot.ask(job(acknowledge=False))).id)).text == CATALOGUE
    async with running(tmp_path, ScriptedEngine(), platform, model=model, slots=0) as bot:
        asked = await bot.ask(job())
        await bot.database.write(lambda tx: journal.cancel(tx, asked.id))
        assert (await platform.ended(asked.id)).text == Cancelled.sentence
    assert model.asked_for("explain") == []


async def test_reasons_that_take_long_hold_up_no_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts_module, "EXPLAIN_S", 60.0)  # what is asked for hangs all the time
    platform, model = MemoryPlatform(), ScriptedModel()

    async def refuses_some(task: Task, run: Run) -> Result:
        return await (refuses if task.prompt == "refuse" else draws)(task, run)

    engine = ScriptedEngine(behaviour=refuses_some)
    async with running(tmp_path, engine, platform, model=model) as bot, model.holding("explain"):
        for number in range(6):
            await bot.ask(job(f"person {number}", prompt="refuse"))
        await model.arrived("explain", 3)
        assert (await platform.ended((await bot.ask(job())).id)).pictures
        assert {each.text for each in platform.deliveries if not each.pictures} <= {CATALOGUE}
