"""What Discord refuses, and what becomes of the pictures then."""

from __future__ import annotations

from typing import cast

import discord
import pytest
from aiohttp import ClientResponse

from adapters.discord.faults import lasting
from adapters.discord.limits import MIB
from bot.errors import DeliveryError, Gone, NoPermission, PlaceGone, TooLarge
from bot.types import Picture
from tests.support.discord import messages
from tests.support.discord_answers import Answers, big, happens, place_of
from tests.support.engines import png
from tests.support.pictures import encoded, photo

# ── places and permissions ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_deleted_channel(here: Answers) -> None:
    pictures, words = await here.job(pictures=[png()]), await here.job()
    await here.shows(words, "Drawing…")
    here.channel.delete()
    for job in (pictures, words):
        with pytest.raises(PlaceGone):
            await here.deliverer.post(await here.delivery(job))
        await here.statuses.settle(job, ())


async def test_a_server_easel_was_removed_from(online: Answers) -> None:
    job = await online.job(pictures=[png()])
    await happens(online.client.is_ready)
    online.guild.remove_bot()
    await happens(lambda: online.client.get_guild(online.guild.id) is None)
    with pytest.raises(PlaceGone):
        await online.deliverer.post(await online.delivery(job))


@pytest.mark.parametrize(
    ("denied", "named"),
    [
        ("attach_files", "Attach Files"),
        ("send_messages", "Send Messages"),
        ("view_channel", "View Channel"),
        ("read_message_history", "Read Message History"),
    ],
)
async def test_a_permission_lost_meanwhile_is_named(online: Answers, denied: str, named: str) -> None:
    job = await online.job(pictures=[png()])
    online.channel.deny(online.discord.bot, denied)
    await happens(lambda: not _permission(online, denied))
    with pytest.raises(NoPermission) as caught:
        await online.deliverer.post(await online.delivery(job))
    assert caught.value.args_ == {"permission": named}


async def test_a_permission_is_named_without_knowing_the_channel(here: Answers) -> None:
    job = await here.job(pictures=[png()])
    here.channel.deny(here.discord.bot, "attach_files")
    with pytest.raises(NoPermission) as caught:
        await here.deliverer.post(await here.delivery(job))
    assert caught.value.args_ == {"permission": "Attach Files"}


async def test_threads_have_a_permission_of_their_own(online: Answers) -> None:
    thread = online.guild.thread(online.channel, "foxes")
    job = await online.job(await online.ann.says(thread, "a fox"))
    online.channel.deny(online.discord.bot, "send_messages_in_threads")
    with pytest.raises(NoPermission) as caught:
        await online.deliverer.post(await online.delivery(job))
    assert caught.value.args_ == {"permission": "Send Messages in Threads"}


async def test_who_takes_no_direct_messages(here: Answers) -> None:
    job = await here.job(await here.ann.says(here.ann.dm(), "a fox"), pictures=[png()])
    here.ann.close_dms()
    with pytest.raises(NoPermission):
        await here.deliverer.post(await here.delivery(job))


@pytest.mark.parametrize("shown", [True, False])
async def test_the_asker_is_told_where_words_are_possible(here: Answers, shown: bool) -> None:
    """The core says no more of a job that could not be posted for want of a permission."""
    job = await here.job(pictures=[png()])
    if shown:
        await here.shows(job, "Drawing…")
    here.channel.deny(here.discord.bot, "attach_files")
    with pytest.raises(NoPermission):
        await here.deliverer.post(await here.delivery(job))
    (answer,) = here.answers()
    assert "“Attach Files”" in answer.content
    assert answer.labels == []


async def test_the_status_message_tells_it_when_nothing_may_be_posted(here: Answers) -> None:
    job = await here.job(pictures=[png()])
    await here.shows(job, "Drawing…")
    here.channel.deny(here.discord.bot, "send_messages")
    with pytest.raises(NoPermission):
        await here.deliverer.post(await here.delivery(job))
    (answer,) = here.answers()
    assert "permission" in answer.content


async def test_a_status_that_may_not_be_shown_is_not_tried_again(here: Answers) -> None:
    job = await here.job()
    here.channel.deny(here.discord.bot, "send_messages")
    for text in ("Drawing…", "Drawing… 50 %"):
        await here.shows(job, text)
    assert here.asked("POST /channels") == 1


class _Refusal:
    """What discord.py's exceptions need of a response."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.reason = "Refused"


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (404, 10003, PlaceGone),
        (404, 10004, PlaceGone),
        (403, 50001, NoPermission),
        (403, 50007, NoPermission),
        (403, 50013, NoPermission),
        (403, 160002, NoPermission),
        (400, 50083, NoPermission),
        (400, 160005, NoPermission),
        (400, 50035, DeliveryError),
        (400, 0, DeliveryError),
        (401, 0, None),
        (403, 0, None),
        (404, 0, None),
        (429, 0, None),
        (429, 20028, None),
        (400, 40004, None),
        (400, 20016, None),
        (503, 0, None),
        (500, 50013, None),
    ],
)
async def test_what_lasts_and_what_is_worth_another_try(
    here: Answers, status: int, code: int, meaning: type[DeliveryError] | None
) -> None:
    error = discord.HTTPException(cast(ClientResponse, _Refusal(status)), {"code": code, "message": "no"})
    found = lasting(error, here.client, place_of(here.channel))
    assert type(found) is (type(None) if meaning is None else meaning)


# ── upload limits ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_refused_upload_steps_down_and_says_what_was_lost(here: Answers) -> None:
    """The server allows less than Discord says it does; the picture is made smaller, and the limit is remembered."""
    here.guild.upload_limit = 1_400_000
    large = encoded(photo(900, 900).resize((1400, 1400)), "PNG", compress_level=0)
    job = await here.job(pictures=[large])
    await here.deliverer.post(await here.delivery(job, "There you go."))
    (answer,) = here.answers()
    assert len(answer.attachments[0].data) <= 1_400_000
    first, *notes = answer.content.splitlines()
    assert first == "There you go."
    assert notes

    tries = here.asked("POST /channels")
    await here.deliverer.post(await here.delivery(await here.job(pictures=[large])))
    assert here.asked("POST /channels") == tries + 1


async def test_several_pictures_are_split_before_any_is_made_smaller(
    here: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "REQUEST", 20 * MIB)  # Discord suddenly takes less at once
    job = await here.job(pictures=[big(7), big(7), big(7)])
    await here.deliverer.post(await here.delivery(job))
    sizes = [[len(each.data) for each in answer.attachments] for answer in here.answers()]
    assert sizes == [[7 * MIB], [7 * MIB], [7 * MIB]]


async def test_a_picture_that_never_fits(here: Answers) -> None:
    here.guild.upload_limit = 10
    job = await here.job(pictures=[png()])
    with pytest.raises(TooLarge):
        await here.deliverer.post(await here.delivery(job))
    assert here.answers() == []


async def test_pictures_deleted_meanwhile(here: Answers) -> None:
    job = await here.job(pictures=[png()])
    delivery = await here.delivery(job, pictures=(Picture("gone", "image/png", 8, 8, 3),))
    with pytest.raises(Gone):
        await here.deliverer.post(delivery)


# ── support ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _permission(here: Answers, name: str) -> bool:
    """Tell what the client knows of a permission of its own."""
    guild = here.client.get_guild(here.guild.id)
    channel = guild.get_channel(here.channel.id) if guild else None
    assert guild is not None
    assert channel is not None
    return bool(getattr(channel.permissions_for(guild.me), name))
