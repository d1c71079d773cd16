"""Every message and interaction of Discord is handled once, and all are ended before Easel closes."""

from __future__ import annotations

import asyncio

import pytest

from adapters.discord import inbox
from adapters.discord.inbox import Inbox


async def test_what_is_delivered_again_is_not_handled_again() -> None:
    handled: list[int] = []

    async def work(number: int) -> None:
        handled.append(number)

    box = Inbox()
    for number in (1, 2, 1, 2, 3):
        await box.handle(number, work(number))
    assert handled == [1, 2, 3]


async def test_only_so_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "KEPT", 2)
    handled: list[int] = []

    async def work(number: int) -> None:
        handled.append(number)

    box = Inbox()
    for number in (1, 2, 3, 3, 2, 1):
        await box.handle(number, work(number))
    assert handled == [1, 2, 3, 1]


async def test_what_is_under_way_may_finish_before_easel_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "GRACE_S", 0.05)
    begun, ends, handled = asyncio.Event(), asyncio.Event(), []

    async def finishes() -> None:
        await ends.wait()
        handled.append("finished")

    async def hangs() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            handled.append("ended")

    async def late() -> None:
        handled.append("late")

    box = Inbox()
    tasks = [asyncio.create_task(box.handle(1, finishes())), asyncio.create_task(box.handle(2, hangs()))]
    await begun.wait()
    ends.set()
    await box.aclose()
    assert handled == ["finished", "ended"]
    assert tasks[0].done() and tasks[1].cancelled()
    await box.handle(3, late())
    assert "late" not in handled


async def test_an_error_is_the_callers() -> None:
    async def fails() -> None:
        raise ValueError("no")

    box = Inbox()
    with pytest.raises(ValueError, match="no"):
        await box.handle(1, fails())
    await box.aclose()
