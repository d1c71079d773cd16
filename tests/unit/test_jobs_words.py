"""The words around a job: better ones before it is drawn, a friendly sentence beside it, and a reason in plain ones."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.engines import pool as pool_module
from bot.engines.base import Capabilities, Result, Run, Task
from bot.errors import Cancelled, ContentRefused, EngineBusy, Moderated, ModerationAway
from bot.jobs import journal
from bot.jobs import worker as worker_module
from bot.llm.base import NoAnswer
from bot.types import Job, State
from tests.support.bot import Bot, running, running_with
from tests.support.engines import ScriptedEngine, draws, registry
from tests.support.jobs import add, claim, job, opened
from tests.support.llm_scripted import ScriptedModel
from tests.support.memory_platform import MemoryPlatform

BETTER = "a red fox in deep snow, soft evening light"
FRIENDLY = "Here is your fox, fresh from the snow."


def silent(person: str = "ann", **plan: Any) -> Job:
    """Return a job whose pictures go without a sentence."""
    return job(person, **({"acknowledge": False, "enhance": True} | plan))


async def ended(bot: Bot, platform: MemoryPlatform, job_id: str) -> Job:
    """Wait until the end of a job was told; return the job."""
    await platform.ended(job_id)
    return await bot.get(job_id)


# ── better words ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_engine_gets_the_better_words_and_people_keep_their_own(tmp_path: Path) -> None:
    engine, platform, model = ScriptedEngine(), MemoryPlatform(), ScriptedModel()
    model.answer("enhance", {"prompt": BETTER})
    async with running(tmp_path, engine, platform, model=model) as bot:
        asked = await bot.ask(silent())
        found = await ended(bot, platform, asked.id)
    assert [task.prompt for task in engine.tasks] == [BETTER]
    assert (found.plan.prompt, found.facts["prompt"]) == ("a red fox", BETTER)
    assert "enhanced" not in found.facts
    assert platform.deliveries[0].alt == "a red fox"


@pytest.mark.parametrize("failure", [NoAnswer("away"), NoAnswer("refused"), {"prompt": "Sure! Here is a prompt:"}])
async def test_without_better_words_ones_own_are_drawn_and_it_is_remembered(tmp_path: Path, failure: Any) -> None:
    engine, platform, model = ScriptedEngine(), MemoryPlatform(), ScriptedModel()
    model.answer("enhance", failure)
    async with running(tmp_path, engine, platform, model=model) as bot:
        asked = await bot.ask(silent())
        found = await ended(bot, platform, asked.id)
    assert [task.prompt for task in engine.tasks] == ["a red fox"]
    assert (found.facts["enhanced"], "prompt" in found.facts) == (False, False)


async def test_a_job_that_does_not_ask_for_better_words_costs_no_question(tmp_path: Path) -> None:
    platform, model = MemoryPlatform(), ScriptedModel()
    async with running(tmp_path, ScriptedEngine(), platform, model=model) as bot:
        asked = await bot.ask(silent(enhance=False))
        found = await ended(bot, platform, asked.id)
    assert (model.asked, "enhanced" in found.facts) == ([], False)


async def test_what_the_same_person_asked_for_here_goes_along_and_nothing_else(tmp_path: Path) -> None:
    platform, model = MemoryPlatform(), ScriptedModel()
    model.answer("enhance", {"prompt": BETTER})

    async def fails(task: Task, run: Run) -> Result:
        if task.prompt == "something refused":
            raise ContentRefused(engine="demo")
        return await draws(task, run)

    async with running(tmp_path, ScriptedEngine(behaviour=fails), platform, model=model) as bot:
        for number in range(8):
            await platform.ended((await bot.ask(silent(enhance=False, prompt=f"fox number {number}"))).id)
        await platform.ended((await bot.ask(silent(enhance=False, prompt="something refused"))).id)
        await platform.ended((await bot.ask(silent("bob", enhance=False, prompt="words of somebody else"))).id)
        await platform.ended((await bot.ask(silent(server="elsewhere", enhance=False, prompt="said elsewhere"))).id)
        await platform.ended((await bot.ask(silent())).id)
    said = (await model.arrived("enhance")).said
    assert [number for number in range(8) if f"fox number {number}" in said] == [2, 3, 4, 5, 6, 7]
    assert said.index("fox number 2") < said.index("fox number 7")
    assert not any(words in said for words in ("refused", "somebody else", "elsewhere"))


async def test_a_cancelled_job_stops_waiting_for_better_words_at_once(tmp_path: Path) -> None:
    engine, platform, model = ScriptedEngine(), MemoryPlatform(), ScriptedModel()
    async with model.holding("enhance"), running(tmp_path, engine, platform, model=model) as bot:
        asked = await bot.ask(silent())
        await model.arrived("enhance")
        await bot.database.write(lambda tx: journal.cancel(tx, asked.id))
        assert (await platform.ended(asked.id)).text == Cancelled.sentence
    assert engine.tasks == []


async def test_a_job_is_kept_while_better_words_are_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "BEAT_S", 0.01)
    engine, platform, model = ScriptedEngine(), MemoryPlatform(), ScriptedModel()
    model.answer("enhance", {"prompt": BETTER})
    beats, beat, loop = asyncio.Semaphore(0), journal.beat, asyncio.get_running_loop()

    def counted(*args: Any) -> bool:
        cancel = beat(*args)
        loop.call_soon_threadsafe(beats.release)
        return cancel

    monkeypatch.setattr(journal, "beat", counted)
    async with running(tmp_path, engine, platform, model=model) as bot:
        async with model.holding("enhance"):
            asked = await bot.ask(silent())
            await model.arrived("enhance")
            for _ in range(3):
                await asyncio.wait_for(beats.acquire(), 20)
            assert engine.tasks == []
        assert (await platform.ended(asked.id)).pictures


async def test_a_job_cut_off_before_it_is_drawn_asks_again_and_is_drawn_once(tmp_path: Path) -> None:
    engine, platform, model = ScriptedEngine(), MemoryPlatform(), ScriptedModel()
    model.answer("enhance", {"prompt": BETTER})
    async with model.holding("enhance"), running(tmp_path, engine, platform, model=model, grace=0) as bot:
        asked = await bot.ask(silent())
        await model.arrived("enhance")
    assert engine.tasks == []
    async with running(tmp_path, engine, platform, model=model) as bot:
        found = await ended(bot, platform, asked.id)
    assert (len(engine.tasks), len(model.asked_for("enhance"))) == (1, 2)
    assert found.facts["prompt"] == BETTER


async def test_a_job_the_engine_has_already_is_not_given_other_words(tmp_path: Path) -> None:
    can = Capabilities(resumable=True, max_count=4)
    engine, platform, model = ScriptedEngine(can=can), MemoryPlatform(), ScriptedModel()
    async with opened(tmp_path) as database:
        asked = await add(database, silent())
        claimed = await claim(database)
        await database.write(lambda tx: journal.submitted(tx, claimed, "h1", 0))
    async with running(tmp_path, engine, platform, model=model) as bot:
        found = await ended(bot, platform, asked.id)
    assert (engine.resumed, engine.tasks, model.asked) == (["h1"], [], [])
    assert found.state is not State.FAILED


async def test_a_job_that_was_not_taken_keeps_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "BUSY_S", 0.01)
    model, platform = ScriptedModel(), MemoryPlatform()
    model.answer("enhance", {"prompt": BETTER}, {"prompt": "a red fox, other words"})
    model.answer("acknowledge", FRIENDLY)

    async def busy_at_first(task: Task, run: Run) -> Result:
        await model.arrived("acknowledge")
        if len(engine.tasks) < 3:
            raise EngineBusy(engine="demo")
        return await draws(task, run)

    engine = ScriptedEngine(behaviour=busy_at_first)
    async with running(tmp_path, engine, platform, model=model) as bot:
        asked = await bot.ask(job(enhance=True))
        delivery = await platform.ended(asked.id)
    assert [task.prompt for task in engine.tasks] == [BETTER] * 3
    assert (len(model.asked_for("enhance")), len(model.asked_for("acknowledge"))) == (1, 1)
    assert delivery.text == FRIENDLY


# ── what may not be drawn ───────────────────────────────────────────────────────────────────────────────────────────


async def test_better_words_that_may_not_be_drawn_end_the_job_before_the_engine_hears_of_it(tmp_path: Path) -> None:
    engine, platform, model = ScriptedEngine(), MemoryPlatform(), ScriptedModel()
    model.answer("enhance", {"prompt": "a red fox amid gore"})
    async with running(tmp_path, engine, platform, model=model, words=("gore",)) as bot:
        asked = await bot.ask(silent(moderation="words"))
        found = await ended(bot, platform, asked.id)
    assert (engine.tasks, found.state, found.error) == ([], State.FAILED, "Moderated")
    assert platform.deliveries[0].text == Moderated.sentence


async def test_the_language_model_cannot_hide_what_was_asked_for(tmp_path: Path) -> None:
    engine, platform, model = ScriptedEngine(), MemoryPlatform(), ScriptedModel()
    model.answer("enhance", {"prompt": "a red fox in the snow"})
    async with running(tmp_path, engine, platform, model=model, words=("gore",)) as bot:
        asked = await bot.ask(silent(moderation="words", prompt="a red fox amid gore"))
        found = await ended(bot, platform, asked.id)
    assert (engine.tasks, found.error) == ([], "Moderated")


async def test_nothing_is_drawn_unchecked(tmp_path: Path) -> None:
    engine, platform = ScriptedEngine(), MemoryPlatform()
    async with running(tmp_path, engine, platform) as bot:  # no service is configured
        asked = await bot.ask(silent(moderation="provider", enhance=False))
        found = await ended(bot, platform, asked.id)
    assert (engine.tasks, found.error) == ([], "ModerationAway")
    assert platform.deliveries[0].text == ModerationAway.sentence


async def test_what_moderation_refuses_says_nothing_about_the_engine(tmp_path: Path) -> None:
    engines, platform = registry(ScriptedEngine()), MemoryPlatform()
    breaker = engines.configured("demo").pool.breakers[""]
    for _ in range(pool_module.FAILURES - 1):
        breaker.failed(at_once=False)
    async with running_with(tmp_path, engines, platform, words=("gore",)) as bot:
        await platform.ended((await bot.ask(silent(moderation="words", enhance=False, prompt="gore"))).id)
    breaker.failed(at_once=False)
    assert breaker.room(1) == 0
