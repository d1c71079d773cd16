"""What is kept as rows, written by several at the same moment."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from bot.db import pictures, retention, seen
from bot.db.database import Database, Tx
from bot.db.studio import StudioMessages
from tests.support.jobs import ManualClock, picture, place

pytestmark = pytest.mark.both_databases


async def test_a_studio_message_that_comes_twice_at_once_is_kept_once(database: Database) -> None:
    messages = StudioMessages(database)
    stored = await asyncio.gather(*(messages.add("key", "other", "a fox") for _ in range(20)))
    assert len({message.id for message in stored}) == 1
    assert await messages.newest(10) == [stored[0]]


async def test_a_studio_message_keeps_every_text(database: Database) -> None:
    messages = StudioMessages(database)
    text = "“狐狸” 🦊 e\u0301\n\t\x01\x7f\u2028 ' \" \\ \\u0000 %s :name"
    assert (await messages.add("key", "other", text, alt=text)).text == text
    kept = await messages.by_key("key")
    assert kept is not None
    assert (kept.text, kept.alt) == (text, text)


async def test_what_is_no_text_is_left_out_of_a_studio_message(database: Database) -> None:
    messages = StudioMessages(database)
    assert (await messages.add("key", "other", "a\0 red\ud83e fox", alt="\0")).text == "a red fox"


async def test_messages_seen_at_once_stay_within_the_window(database: Database) -> None:
    where, given = place(), picture()
    await database.write(lambda tx: pictures.add(tx, given, b"abc", person="local:ann", platform="local"))
    note = partial(seen.add, place=where, by="other")
    shown = (partial(note, message=str(number), pictures=[given.id]) for number in range(60))
    await asyncio.gather(*map(database.write, shown))
    assert await database.read(lambda tx: seen.newest(tx, where)) == given.id
    for number in range(seen.WINDOW):
        await database.write(partial(note, message=f"later {number}"))
    assert await database.read(lambda tx: seen.newest(tx, where)) is None


async def test_sweeps_at_once_delete_each_picture_once(database: Database, clock: ManualClock) -> None:
    def fill(tx: Tx) -> None:
        for _ in range(60):
            pictures.add(tx, picture(), b"abc", person="local:ann", platform="local")

    def sweep(tx: Tx) -> int:
        return retention.sweep(tx, keep_pictures_s=0, keep_history_s=0, keeping=frozenset({"local"}))

    await database.write(fill)
    clock.now += retention.ORPHAN_S + 1
    swept = [number for _ in range(4) for number in await asyncio.gather(*(database.write(sweep) for _ in range(4)))]
    assert sum(swept) == 60
