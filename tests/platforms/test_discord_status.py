"""The one message that shows how a job stands, and what becomes of it."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from adapters.discord import deliver, status
from bot.types import State
from tests.support.discord.faults import Fault
from tests.support.discord_answers import DELETE, EDIT, POST, Answers, big, happens
from tests.support.engines import png


async def test_one_quiet_message_shows_how_a_job_stands(here: Answers) -> None:
    asked = await here.ann.says(here.channel, "a fox", mention=here.discord.bot)
    job = await here.job(asked, pictures=[png()])
    await here.shows(job, "You are next.")
    (shown,) = here.answers()
    assert (shown.content, shown.reference, shown.labels) == ("You are next.", asked, ["✖️ Cancel"])
    assert shown.flags & 1 << 12  # silent
    assert not shown.pings
    assert (await here.stored(job)).status_message == str(shown.id)

    for text in ("You are next.", "Drawing…", "Drawing…", "Drawing… 50 %"):
        await here.shows(job, text)
    assert [each.content for each in shown.edits] == ["You are next.", "Drawing…"]  # only what is new is sent

    await here.statuses.settle(job, await here.deliverer.post(await here.delivery(job)))
    assert [len(each.attachments) for each in here.answers()] == [1]


async def test_who_waited_long_is_told_of_a_failure_by_a_message_of_its_own(
    online: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "PATIENCE_S", -1.0)
    response = await online.command()
    job = await online.job(response, own=True)
    await online.shows(job, "Drawing…")
    await online.statuses.settle(job, await online.deliverer.post(await online.delivery(job, "Too busy.")))
    (told,) = (each for each in online.answers() if each is not response)
    assert (told.text, told.labels, told.reference) == (f"{online.ann.mention} Too busy.", ["🔁 Again"], response)
    assert told.pings.people == (online.ann,)
    assert response.labels == []


async def test_a_commands_response_shows_it_and_keeps_what_was_asked_for(online: Answers) -> None:
    response = await online.command()
    job = await online.job(response, pictures=[png()], own=True, prompt="a *red* fox\nin https://x.example/snow")
    await online.shows(job, "Drawing…")
    echo = r"> a \*red\* fox in <https://x.example/snow>"
    assert (response.content, response.labels) == (f"{echo}\nDrawing…", ["✖️ Cancel"])
    await online.shows(job, "Drawing… 50 %", png())
    assert len(response.attachments) == 1
    refs = await online.deliverer.post(await online.delivery(job))
    for _ in range(2):
        await online.statuses.settle(job, refs)
    assert (response.content, response.labels, response.attachments) == (echo, [], [])
    assert len(online.answers()) == 2


async def test_previews_are_replaced_and_not_too_often(here: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await here.job()
    first, second, third = (png(8, 8, (number, 0, 0)) for number in range(3))
    await here.shows(job, "0 %")
    (shown,) = here.answers()
    monkeypatch.setattr(status, "PREVIEW_EVERY_S", 3600.0)
    await here.shows(job, "10 %", first)
    await here.shows(job, "20 %", second)
    assert (shown.content, [each.data for each in shown.attachments]) == ("20 %", [first])
    monkeypatch.setattr(status, "PREVIEW_EVERY_S", 0.0)
    await here.shows(job, "20 %", third)
    assert [each.data for each in shown.attachments] == [third]
    for wrong in (b"no picture", big(2)):
        await here.shows(job, "30 %", wrong)
    assert (shown.content, [each.data for each in shown.attachments]) == ("30 %", [third])


async def test_a_restart_goes_on_with_the_same_message(here: Answers) -> None:
    job = await here.job()
    await here.shows(job, "Drawing…")
    await here.another_life().shows(await here.stored(job), "Drawing… 50 %")
    (shown,) = here.answers()
    assert shown.content == "Drawing… 50 %"


async def test_a_lost_answer_makes_no_second_status_message(here: Answers) -> None:
    job = await here.job(pictures=[png()])
    here.discord.faults.drop(POST, after=True)
    await here.shows(job, "Drawing…")
    await here.shows(job, "Drawing… 50 %")
    (shown,) = here.answers()
    assert (await here.stored(job)).status_message == str(shown.id)
    await here.statuses.settle(job, ())
    assert here.answers() == []


async def test_a_status_message_of_a_killed_process_is_found_again(
    here: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died between Discord's answer and the note of it; Discord has forgotten the nonce since."""
    monkeypatch.setattr(status, "GRACE_S", 0.0)
    shown, unshown = await here.job(), await here.job(pictures=[png()])
    for job in (shown, unshown):
        hanging = here.discord.faults.hang(POST, after=True)
        life = here.another_life()
        show = asyncio.create_task(life.shows(job, "Drawing…"))
        await happens(partial(_struck, hanging))
        await life.statuses.aclose()
        await show
        hanging.release()
    assert len(here.answers()) == 2
    here.discord.clock.advance(3600)

    life = here.another_life()
    await life.shows(shown, "Drawing… 50 %")
    refs = await life.deliverer.post(await here.delivery(unshown))
    await life.statuses.settle(unshown, refs)
    assert [each.content for each in here.answers()] == ["Drawing… 50 %", "There you go."]
    await life.deliverer.post(await here.delivery(shown, "Cancelled."))
    assert [each.content for each in here.answers()] == ["Cancelled.", "There you go."]


async def test_a_status_message_nobody_knows_the_id_of_goes_too(here: Answers) -> None:
    job = await here.job(pictures=[png()])
    here.discord.faults.drop(POST, after=True)
    await here.shows(job, "Drawing…")
    refs = await here.deliverer.post(await here.delivery(job))
    await here.statuses.settle(job, refs)
    assert [str(each.id) for each in here.answers()] == [refs[0].id]


async def test_a_failure_takes_the_place_of_the_status(here: Answers) -> None:
    job = await here.job()
    await here.shows(job, "Drawing…", None)
    await here.shows(job, "Drawing… 50 %", png())
    for retried in (False, True):
        refs = await here.deliverer.post(await here.delivery(job, "The engine is too busy.", retried=retried))
        await here.statuses.settle(job, refs)
        job = await here.stored(job)
    (answer,) = here.answers()
    assert refs[0].id == str(answer.id)
    assert (answer.content, answer.labels, answer.attachments) == ("The engine is too busy.", ["🔁 Again"], [])


async def test_a_failure_of_a_command_says_what_failed(online: Answers) -> None:
    response = await online.command()
    job = await online.job(response, own=True, state=State.CANCELLED)
    refs = await online.deliverer.post(await online.delivery(job, "Cancelled."))
    await online.statuses.settle(job, refs)
    assert online.answers() == [response]
    assert (response.content, response.labels) == ("> a red fox\nCancelled.", ["🔁 Again"])


@pytest.mark.parametrize("own", [True, False])
async def test_a_deleted_status_message_is_not_shown_again(online: Answers, own: bool) -> None:
    asked = await online.command() if own else None
    job = await online.job(asked, own=own)
    await online.shows(job, "Drawing…")
    online.discord.world.delete(online.answers()[0])
    for text in ("Drawing… 10 %", "Drawing… 20 %"):
        await online.shows(job, text)
    assert online.answers() == []
    assert online.asked("PATCH /channels") == 1

    refs = await online.deliverer.post(await online.delivery(job, "The engine is too busy."))
    await online.statuses.settle(job, refs)
    (answer,) = online.answers()
    assert answer.content.endswith("The engine is too busy.")
    assert answer.pings.people == (online.ann,)


async def test_waiting_edits_hold_up_neither_this_job_nor_others(
    here: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord lets the edits of a channel wait for ten minutes; pictures are posted there at once all the same."""
    monkeypatch.setattr(status, "PATIENCE_S", 0.05)
    slow, other = await here.job(pictures=[png()]), await here.job(pictures=[png()])
    for job in (slow, other):
        await here.shows(job, "Drawing…")
    edit = "PATCH /channels/{channel_id}/messages/{message_id}"
    order = here.discord.limits.order(edit, 600, times=100)
    async with asyncio.timeout(30):
        for percent in range(10):
            for job in (slow, other):
                await here.shows(job, f"Drawing… {percent} %")
        for job in (slow, other):
            await here.statuses.settle(job, await here.deliverer.post(await here.delivery(job)))
    assert order.hits <= 2  # what waits is not piled up
    assert sum(len(each.attachments) for each in here.answers()) == 2


async def test_a_reason_that_has_to_wait_is_told_later(here: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it does not keep others from being told theirs."""
    monkeypatch.setattr(status, "END_S", 0.05)
    job = await here.job()
    await here.shows(job, "Drawing…")
    here.discord.limits.order("PATCH /channels/{channel_id}/messages/{message_id}", 600)
    with pytest.raises(TimeoutError):
        await here.deliverer.post(await here.delivery(job, "The engine is too busy."))
    monkeypatch.undo()
    await here.deliverer.post(await here.delivery(job, "The engine is too busy.", retried=True))
    assert [each.content for each in here.answers()] == ["The engine is too busy."]


async def test_a_post_cut_off_in_the_global_limit_hangs_no_other(here: Answers) -> None:
    first, second = await here.job(pictures=[png()]), await here.job(pictures=[png()])
    here.discord.limits.order("POST /channels/{channel_id}/messages", 600, everywhere=True)
    post = asyncio.create_task(here.deliverer.post(await here.delivery(first)))
    await happens(lambda: not here.client.http._global_over.is_set())
    post.cancel()
    await asyncio.gather(post, return_exceptions=True)
    async with asyncio.timeout(20):
        await here.deliverer.post(await here.delivery(second))
        await here.deliverer.post(await here.delivery(first, retried=True))
    assert len(here.answers()) == 2


async def test_a_settling_that_takes_long_goes_on_in_the_background(
    here: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "PATIENCE_S", 0.05)
    job = await here.job(pictures=[png()])
    await here.shows(job, "Drawing…")
    here.discord.limits.order("DELETE /channels/{channel_id}/messages/{message_id}", 0.5)
    await here.statuses.settle(job, await here.deliverer.post(await here.delivery(job)))
    await here.channel.until(lambda messages: len([m for m in messages if m.author is here.discord.bot]) == 1)


@pytest.mark.parametrize("route", [EDIT, DELETE])
async def test_what_fails_in_settling_is_left(online: Answers, route: str) -> None:
    own = route == EDIT
    job = await online.job(await online.command() if own else None, own=own, pictures=[png()])
    await online.shows(job, "Drawing…")
    fault = online.discord.faults.fail(route, 503, times=9)
    await online.statuses.settle(job, await online.deliverer.post(await online.delivery(job)))
    assert fault.hits == 1
    assert len(online.answers()) == 2


# ── support ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _struck(fault: Fault) -> bool:
    return fault.hits > 0
