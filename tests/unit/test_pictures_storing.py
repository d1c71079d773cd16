"""A picture that an engine has given is stored in spite of trouble that passes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from bot.db import pictures
from bot.db.database import Database, Tx
from bot.engines.base import DrawnPicture, Result, Run, Task
from bot.jobs import attempt as attempt_module
from bot.jobs.attempt import Attempt
from bot.pictures.inspect import NotAPicture, inspect_result
from bot.pictures.sandbox import ChildDied, Sandbox
from tests.support.bot import words_of
from tests.support.databases import opened_at
from tests.support.engines import ScriptedEngine, configured, png
from tests.support.jobs import add, claim, job
from tests.support.pictures import png_chunk

T = TypeVar("T")


class Troubled(Sandbox):
    """Its first calls fail."""

    def __init__(self, *troubles: Exception) -> None:
        super().__init__()
        self.troubles = list(troubles)

    async def call(self, function: Callable[..., T], *args: object, timeout_s: float | None = None) -> T:
        if self.troubles:
            raise self.troubles.pop(0)
        return await super().call(function, *args, timeout_s=timeout_s)


@pytest.mark.parametrize("trouble", [ChildDied("killed for want of memory"), TimeoutError()], ids=repr)
async def test_a_result_is_looked_at_again_when_its_process_died(trouble: Exception) -> None:
    async with Troubled(trouble) as sandbox:
        assert (await inspect_result(sandbox, png(9, 5))).width == 9
    async with Troubled(trouble, trouble) as sandbox:
        with pytest.raises(NotAPicture):
            await inspect_result(sandbox, png())


@pytest.mark.both_databases
@pytest.mark.parametrize("written", [False, True], ids=["it was not written", "it was, and nobody told"])
async def test_a_picture_is_stored_once_though_the_database_fails_for_a_moment(
    database_url: str, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    monkeypatch.setattr(attempt_module, "STORE_AGAIN_S", (0.0, 0.0))
    async with opened_at(database_url) as database, Sandbox() as sandbox:
        await add(database, job())
        claimed = await claim(database)
        words = words_of(claimed, database, sandbox)
        trying = Attempt(
            claimed, configured(ScriptedEngine()), database, sandbox, words, lambda fraction, preview: None
        )
        whole, troubles = Database.write, [True, True]

        async def write(database: Database, step: Callable[[Tx], T]) -> T:
            if troubles:
                troubles.pop()
                if written:
                    await whole(database, step)
                raise sa.exc.OperationalError("insert", {}, OSError("server closed the connection"))
            return await whole(database, step)

        with monkeypatch.context() as patched:
            patched.setattr(Database, "write", write)
            await trying.run.picture(DrawnPicture(png(9, 5)))
        found = await database.read(lambda tx: pictures.of_job(tx, claimed.id, "result"))
    assert [(each.width, each.height) for each in found] == [(9, 5)]
    assert (trying.run.drawn, troubles) == (1, [])


@pytest.mark.both_databases
async def test_a_picture_from_which_something_is_cut_is_never_in_memory_twice(database_url: str) -> None:
    held: list[int] = []

    class Watched(Sandbox):
        async def read(self, file: Path) -> bytes:
            held.append(sys.getrefcount(given))
            return await super().read(file)

    async def draws(task: Task, run: Run) -> Result:
        await run.picture(DrawnPicture(given))
        return Result()

    given = png(9, 5)
    given = given[:-12] + png_chunk(b"tEXt", b"prompt\0a red fox") + given[-12:]
    before = sys.getrefcount(given)
    async with opened_at(database_url) as database, Watched() as sandbox:
        await add(database, job())
        claimed = await claim(database)
        drawing = configured(ScriptedEngine(behaviour=draws))
        words = words_of(claimed, database, sandbox)
        await Attempt(claimed, drawing, database, sandbox, words, lambda fraction, preview: None).draw()
    assert held == [before]
