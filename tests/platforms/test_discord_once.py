"""The end of a job is on Discord once, whatever gets lost, is cut off or dies on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.types import State
from tests.support.discord.interactions import Interaction
from tests.support.discord.model import Message
from tests.support.discord.places import Channel
from tests.support.discord_answers import POST, Answers, happens
from tests.support.discord_bot import delivered, scene, serving
from tests.support.engines import png


@pytest.mark.parametrize("count", [1, 12])
async def test_a_lost_answer_is_asked_for_again_by_the_library_and_posted_once(here: Answers, count: int) -> None:
    job = await here.job(pictures=[png()] * count)
    here.discord.faults.fail(POST, 502, after=True)
    await here.deliverer.post(await here.delivery(job))
    _all_once(here, job.id, count)


@pytest.mark.parametrize("after_s", [1, 3600])
@pytest.mark.parametrize("kind", ["status", "drop"])
async def test_a_lost_answer_is_looked_for_when_the_core_tries_again(here: Answers, kind: str, after_s: float) -> None:
    job = await here.job(pictures=[png()] * 12)
    if kind == "drop":
        here.discord.faults.drop(POST, after=True)
    else:
        here.discord.faults.fail(POST, 503, after=True)  # which the library does not repeat
    with pytest.raises(Exception):  # noqa: B017  # whatever the library makes of it
        await here.deliverer.post(await here.delivery(job))
    here.discord.clock.advance(after_s)  # an hour later Discord has forgotten the nonce
    for _ in range(8):
        await here.ann.says(here.channel, "what a nice day")
    refs = await here.another_life().deliverer.post(await here.delivery(job, retried=True))
    _all_once(here, job.id, 12)
    assert [ref.id for ref in refs] == [str(each.id) for each in here.answers()]


@pytest.mark.parametrize(("count", "posted"), [(12, 0), (12, 10), (3, 3)])
async def test_a_killed_post_is_completed(here: Answers, count: int, posted: int) -> None:
    """The process dies when Discord holds none, some or all of the pictures; an hour later it is started again."""
    job = await here.job(pictures=[png()] * count)
    hanging = here.discord.faults.hang(POST, after=posted > 0)
    post = asyncio.create_task(here.deliverer.post(await here.delivery(job)))
    await happens(lambda: hanging.hits == 1 and len(here.answers()) == (posted > 0))
    post.cancel()
    await asyncio.gather(post, return_exceptions=True)
    hanging.release()
    here.discord.clock.advance(3600)

    refs = await here.another_life().deliverer.post(await here.delivery(job, retried=True))

    _all_once(here, job.id, count)
    assert [ref.id for ref in refs] == [str(each.id) for each in here.answers()]
    assert here.answers()[-1].labels
    assert here.answers()[0].content == "There you go."


async def test_much_was_said_since(here: Answers) -> None:
    job = await here.job(pictures=[png()] * 2)
    await here.deliverer.post(await here.delivery(job))
    other = await here.job(pictures=[png()] * 2)
    await here.deliverer.post(await here.delivery(other))
    for number in range(250):
        await here.ann.says(here.channel, f"{number} bottles")
    here.discord.clock.advance(3600)
    await here.deliverer.post(await here.delivery(job, retried=True))
    _all_once(here, job.id, 2)


async def test_pictures_others_post_under_easels_names_are_not_taken_for_easels(here: Answers) -> None:
    job = await here.job(pictures=[png()])
    await here.ann.says(here.channel, "mine", files=[(f"easel-{job.id}-0.png", png())])
    await here.deliverer.post(await here.delivery(job, retried=True))
    _all_once(here, job.id, 1)


async def test_a_plain_reason_is_posted_once(here: Answers) -> None:
    job = await here.job()
    here.discord.faults.drop(POST, after=True)
    with pytest.raises(Exception):  # noqa: B017  # whatever the library makes of it
        await here.deliverer.post(await here.delivery(job, "The engine is too busy."))
    here.discord.clock.advance(3600)
    (ref,) = await here.another_life().deliverer.post(await here.delivery(job, "The engine is too busy.", retried=True))
    (answer,) = here.answers()
    assert (answer.content, answer.labels, ref.id) == ("The engine is too busy.", ["🔁 Again"], str(answer.id))


# ── with the whole bot ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["status", "drop"])
async def test_the_core_tries_again_and_it_is_there_once(tmp_path: Path, kind: str) -> None:
    async with scene() as on, serving(on.discord, tmp_path) as bot:
        await on.discord.registered("imagine")
        faults = on.discord.faults
        lost = faults.drop(POST, after=True) if kind == "drop" else faults.fail(POST, 503, after=True)
        used = await on.ann.slash(on.channel, "imagine", prompt="a red fox", count=2)
        answer = await delivered(on.channel)
        (job,) = await bot.jobs()
        ended = await bot.ended(job.id)
        assert (lost.hits, ended.state, ended.posted) == (1, State.DELIVERED, (str(answer.id),))
        assert ended.post_attempts == 2
        await _settled(on.channel, used, answer)


@pytest.mark.parametrize("committed", [True, False])
async def test_a_restart_in_the_middle_of_a_post(tmp_path: Path, committed: bool) -> None:
    async with scene() as on:
        async with serving(on.discord, tmp_path):
            await on.discord.registered("imagine")
            hanging = on.discord.faults.hang(POST, after=committed)
            used = await on.ann.slash(on.channel, "imagine", prompt="a red fox")
            await happens(lambda: hanging.hits)
        hanging.release()
        on.discord.clock.advance(3600)
        async with serving(on.discord, tmp_path) as bot:
            (job,) = await bot.jobs()
            ended = await bot.ended(job.id)
            answer = await delivered(on.channel)
            assert (ended.state, ended.posted) == (State.DELIVERED, (str(answer.id),))
            await _settled(on.channel, used, answer)


async def test_what_can_not_be_posted_is_said_instead(tmp_path: Path) -> None:
    """Every upload is too large: the end of the job is the reason."""
    async with scene() as on, serving(on.discord, tmp_path) as bot:
        await on.discord.registered("imagine")
        on.guild.upload_limit = 10
        used = await on.ann.slash(on.channel, "imagine", prompt="a red fox")
        said = await on.channel.until(lambda messages: next((m for m in messages if m.labels == ["🔁 Again"]), None))
        assert said is not None
        assert said is used.original
        assert "larger than this place allows" in said.content
        (job,) = await bot.jobs()
        assert ((await bot.ended(job.id)).state, len(on.channel.messages)) == (State.FAILED, 1)


# ── support ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _all_once(here: Answers, job: str, count: int) -> None:
    names = [file.filename for each in here.answers() for file in each.attachments if job in file.filename]
    assert names == [f"easel-{job}-{number}.png" for number in range(count)]


async def _settled(channel: Channel, used: Interaction, answer: Message) -> None:
    """Wait until nothing is left of a command but what was asked for, and its answer."""
    response = used.original
    assert response is not None
    await channel.until(lambda _: response.content == "> a red fox")
    assert channel.messages == [response, answer]
