"""One of several processes that want the same jobs of one database: `python -m tests.support.rival URL`.

It says `ready`, then reads orders, one line of JSON each, and answers each with what it did, see `Done`. Time stands
still, so that no limit depends on how fast the machine is. The first error ends the process.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.db.database import Database, Tx
from bot.db.schema import jobs
from bot.errors import EngineBusy, Refused
from bot.jobs import claims, journal, lanes, recovery
from bot.jobs.journal import LeaseLost
from bot.jobs.lanes import Caps
from bot.limits import Price
from bot.settings.tables import Limits
from bot.types import Job, MessageRef, State
from tests.support import jobs as make

NOW = 1_800_000_000.0
ROOM = {"alpha": {"http://a": 3, "http://b": 5}, "beta": {"http://c": 8}}
HANDS = 3
"""Jobs each process works on at once."""


@dataclass
class Done:
    """What was done in one order."""

    accepted: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Person, and the name of the error."""
    cancelled: list[str] = field(default_factory=list)
    """Jobs of which a cancel was promised."""
    claimed: list[str] = field(default_factory=list)
    """The servers that got a turn."""
    drawn: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    lost: int = 0
    """Claims that somebody else had by then."""
    over_cap: int = 0
    """Claims after which more jobs of a person ran than may."""


class Rival:
    """Asks, cancels, draws and posts."""

    def __init__(self, database: Database) -> None:
        """`database` is shared with the others."""
        self._database = database
        self._done = Done()
        self._claims = 0

    async def obey(
        self, ask: list[dict[str, Any]], turns: int, cap: int | None, trouble: bool, post: bool
    ) -> dict[str, Any]:
        """Do all of it at once: ask for jobs, draw until so many turns are over or nobody waits, post what has ended.

        `cap` is how many jobs of a person may run; `trouble` cancels, fails, moves and abandons some jobs.
        """
        self._done = Done()
        asking = asyncio.create_task(self._ask(ask, trouble))
        await asyncio.gather(asking, *(self._draw(asking, turns // HANDS, cap, trouble) for _ in range(HANDS)))
        while post and (held := await self._database.write(lambda tx: claims.claim_post(tx, "", 60, ["local"]))):
            await self._tell(held)
        return dataclasses.asdict(self._done)

    async def _ask(self, wanted: list[dict[str, Any]], trouble: bool) -> None:
        for number, each in enumerate(wanted):
            new = make.job(each["person"], each["server"], engine=each["engine"], count=each["count"])
            price = Price(Limits(**each["limits"]), Limits(), ZoneInfo("UTC"), each["money"])
            try:
                await self._database.write(lambda tx, new=new, price=price: journal.add(tx, new, new.id, price=price))  # type: ignore[misc]
            except Refused as error:
                self._done.refused.append((each["person"], type(error).__name__))
                continue
            self._done.accepted.append(new.id)
            if trouble and number % 4 == 0 and await self._database.write(lambda tx, id=new.id: journal.cancel(tx, id)):  # type: ignore[misc]
                self._done.cancelled.append(new.id)

    async def _draw(self, asking: asyncio.Task[None], turns: int, cap: int | None, trouble: bool) -> None:
        while turns > 0:
            self._claims += 1
            leaves = trouble and self._claims % 5 == 0
            # A lease that is over already: whoever recovers next has the job go on elsewhere.
            lease_s = -1.0 if leaves else 60.0
            held = await self._database.write(lambda tx, s=lease_s: claims.claim(tx, "", s, ROOM, Caps(person=cap)))  # type: ignore[misc]
            if trouble:
                await self._database.write(self._recover)
                await self._database.write(lanes.forget_idle)
            if held is None:
                if asking.done() and not await self._database.read(self._anything_unfinished):
                    return
                continue
            turns -= 1
            self._done.claimed.append(held.place.server)
            if cap is not None and await self._database.read(lambda tx, of=held: self._running(tx, of)) > cap:  # type: ignore[misc]
                self._done.over_cap += 1
            if not leaves or self._claims % 2:
                await self._end(held, trouble)

    async def _end(self, held: Job, trouble: bool) -> None:
        kind = sum(held.id.encode()) % 6 if trouble else 0
        try:
            if kind == 1 and held.attempts == 1 and held.fence == 1:
                await self._database.write(lambda tx: journal.moved(tx, held))
            elif kind == 2:
                await self._database.write(lambda tx: journal.failed(tx, held, EngineBusy(engine="alpha")))
                self._done.failed.append(held.id)
            else:
                await self._database.write(lambda tx: journal.beat(tx, held, 60, 0.5))
                await self._database.write(lambda tx: journal.drawn(tx, held, {}, 1.0))
                self._done.drawn.append(held.id)
        except LeaseLost:
            self._done.lost += 1

    async def _tell(self, held: Job) -> None:
        await self._database.write(lambda tx: journal.delivered(tx, held, [MessageRef(held.place, held.id)]))
        self._done.told.append(held.id)

    @staticmethod
    def _recover(tx: Tx) -> list[str]:
        return recovery.recover(tx, everything=False, engines=dict.fromkeys(ROOM, "free"), addresses=ROOM)

    @staticmethod
    def _anything_unfinished(tx: Tx) -> bool:
        unfinished = jobs.c.state.in_((State.QUEUED, State.RUNNING))
        return tx.execute(sa.select(jobs.c.id).where(unfinished).limit(1)).first() is not None

    @staticmethod
    def _running(tx: Tx, held: Job) -> int:
        mine = (jobs.c.state == State.RUNNING) & (jobs.c.person == held.person.key)
        return int(tx.execute(sa.select(sa.func.count()).where(mine)).scalar_one())


async def main(url: str) -> None:
    """Obey until nobody orders any more."""
    database = await Database.open(url, clock=lambda: NOW)
    try:
        rival = Rival(database)
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await rival.obey(**json.loads(line))), flush=True)
    finally:
        await database.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
