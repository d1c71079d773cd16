"""People and workers, step by step on a database and on its model: half of the state machine of test_conformance.py."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bot.db import retention
from bot.db.database import Database, Tx
from bot.errors import BotError, ContentRefused, EngineBusy, Refused, UnknownOutcome
from bot.jobs import claims, journal
from bot.jobs.lanes import Caps
from bot.limits import Price
from bot.settings.tables import Limits
from bot.types import Job, State
from tests.support import jobs as make
from tests.support.conformance import Model
from tests.support.conformance_jobs import wipe
from tests.support.jobs import LEASE, ManualClock

T = TypeVar("T")

SLOTS = {"alpha": {"http://a": 1, "http://b": 2}, "beta": {"http://c": 2}}
ROOMS: tuple[dict[str, dict[str, int]], ...] = (
    SLOTS,
    {"alpha": {"http://b": 2}, "beta": {"http://c": 1}},
    {"alpha": {"http://a": 1}},
    {"beta": {"http://c": 2}},
    {"alpha": {}},
)
CAPS = (Caps(), Caps(), Caps(person=1), Caps(server=1), Caps(person=2, server=3))
ZONE = ZoneInfo("UTC")
LIMITS = (
    (Limits(), Limits()),
    (Limits(per_minute=3), Limits(per_minute=4)),
    (Limits(waiting=2), Limits(waiting=3)),
    (Limits(per_day=6, money_per_day=0.5), Limits(per_day=9)),
    (Limits(), Limits(money_per_day=0.6, money_per_month=0.9)),
)
ERRORS: tuple[tuple[BotError, bool], ...] = (
    (EngineBusy(engine="alpha"), True),
    (ContentRefused(engine="alpha"), False),
    (UnknownOutcome(engine="alpha"), True),
)
"""What an engine says, and whether the quota is given back then."""
PICK = st.integers(0, 30)


CLAIMS = st.tuples(st.sampled_from(("v", "w")), st.sampled_from(ROOMS), st.sampled_from(CAPS))
"""By whom, for which addresses with room, within which caps."""
ASKED = st.tuples(
    st.sampled_from(("ann", "bob")),
    st.sampled_from(("s", "t")),
    st.sampled_from(("alpha", "beta")),
    st.integers(1, 3),
)
"""Who, where, of which engine, how many pictures."""


class Drawing(RuleBasedStateMachine):
    """People and two workers on a database, and the model beside them."""

    def __init__(self, database: Database, runner: asyncio.Runner, clock: ManualClock) -> None:
        super().__init__()
        self.database, self.runner, self.clock = database, runner, clock
        clock.now = 1_800_000_000.0
        self.write(wipe)
        self.model = Model(clock)
        self._made = 0
        self.claims: list[tuple[Job, bool]] = []
        """All there ever were, and whether to draw."""
        self.released: set[tuple[str, int]] = set()
        """Claims given back unfinished, by job and fence."""

    def write(self, step: Callable[[Tx], T]) -> T:
        """Run a transaction."""
        return self.runner.run(self.database.write(step))

    def held(self, *, draw: bool) -> list[Job]:
        """Return the claims that hold: to draw, or to post."""
        return [
            claim
            for claim, to_draw in self.claims
            if to_draw is draw and self.model.holds(claim) and (claim.id, claim.fence) not in self.released
        ]

    @staticmethod
    def pick(among: Sequence[T], number: int) -> T:
        """Return one of these."""
        return among[number % len(among)]

    def name(self) -> str:
        """Return an id for a job: the same ones in each example, and not in their order."""
        self._made += 1
        return f"{self._made * 7919 % 10007:05d}"

    # ── people ──────────────────────────────────────────────────────────────────────────────────────────────────

    @initialize(asked=st.lists(ASKED, min_size=2, max_size=6))
    def begin(self, asked: list[tuple[str, str, str, int]]) -> None:
        for each in asked:
            self._ask(*each, *LIMITS[0], 0.1)

    @rule(
        asked=st.lists(ASKED, min_size=1, max_size=3),
        limits=st.sampled_from(LIMITS),
        price=st.sampled_from((0.1, 0.0)),
    )
    def accept(self, asked: list[tuple[str, str, str, int]], limits: tuple[Limits, Limits], price: float) -> None:
        for each in asked:
            self._ask(*each, *limits, price)

    def _ask(
        self, person: str, server: str, engine: str, count: int, mine: Limits, servers: Limits, price: float
    ) -> None:
        new = dataclasses.replace(make.job(person, server, engine=engine, count=count), id=self.name())
        self._accept(new, Price(mine, servers, ZONE, price * count))

    @rule(server=st.sampled_from(("s", "t")))
    def show_again(self, server: str) -> None:
        self._accept(dataclasses.replace(make.job("ann", server), id=self.name(), state=State.DRAWN), None)

    def _accept(self, new: Job, price: Price | None) -> None:
        refused = self.model.add(new, price)
        try:
            added = self.write(lambda tx: journal.add(tx, new, f"key {new.id}", price=price))
        except Refused as error:
            assert type(error).__name__ == refused
        else:
            assert (refused, added.id) == (None, new.id), f"{refused} was to be raised for {new}"

    @precondition(lambda self: bool(self.model.jobs))
    @rule(pick=PICK)
    def accept_the_same_message(self, pick: int) -> None:
        known = self.pick(self.model.of(*State), pick)
        new = dataclasses.replace(make.job("bob", "t", engine="beta"), id=self.name())
        price = Price(Limits(per_minute=0), Limits(), ZONE, 1.0)
        assert self.write(lambda tx: journal.add(tx, new, f"key {known.id}", price=price)).id == known.id

    @precondition(lambda self: bool(self.model.of(State.QUEUED, State.RUNNING)))
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        self.give_up(self.pick(self.model.of(State.QUEUED, State.RUNNING), pick).id)

    @precondition(lambda self: bool(self.model.jobs))
    @rule(pick=PICK)
    def cancel_late(self, pick: int) -> None:
        self.give_up(self.pick(self.model.of(*State), pick).id)

    def give_up(self, job_id: str) -> None:
        """Cancel a job as its person does."""
        will_end = self.model.cancel(job_id)
        assert self.write(lambda tx: journal.cancel(tx, job_id)) == will_end

    @precondition(lambda self: any(job.announced for job in self.model.jobs.values()))
    @rule()
    def clear_history(self) -> None:
        gone = [job.id for job in self.model.jobs.values() if job.person == "local:ann" and job.announced is not None]
        assert self.write(lambda tx: retention.forget_jobs(tx, "local:ann")) == len(gone)
        for each in gone:
            del self.model.jobs[each]

    # ── a worker ────────────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: bool(self.model.of(State.QUEUED)))
    @rule(claims=st.lists(CLAIMS, min_size=1, max_size=4))
    def claim(self, claims: list[tuple[str, dict[str, dict[str, int]], Caps]]) -> None:
        for each in claims:
            self.claim_next(*each)

    def claim_next(self, owner: str, room: dict[str, dict[str, int]], caps: Caps) -> Job | None:
        claimed = self.write(lambda tx: claims.claim(tx, owner, LEASE, room, caps))
        expected = self.model.claim(owner, LEASE, room, caps, claimed.id if claimed else None)
        assert (claimed and (claimed.id, claimed.address)) == (expected and (expected.id, expected.address))
        if claimed is not None:
            self.claims.append((claimed, True))
        return claimed

    def claimed(self, pick: int) -> Job | None:
        """Return a claim that holds, a new one if there is none and a job waits."""
        held = self.held(draw=True)
        return self.pick(held, pick) if held else self.claim_next("w", SLOTS, Caps())

    @precondition(lambda self: bool(self.held(draw=True) or self.model.of(State.QUEUED)))
    @rule(pick=PICK, fraction=st.sampled_from((None, 0.25, 0.5)))
    def beat(self, pick: int, fraction: float | None) -> None:
        if (held := self.claimed(pick)) is None:
            return
        job = self.model.jobs[held.id]
        job.lease, job.progress = self.clock.now + LEASE, fraction
        assert self.write(lambda tx: journal.beat(tx, held, LEASE, fraction)) == job.cancel

    @precondition(lambda self: bool(self.held(draw=True) or self.model.of(State.QUEUED)))
    @rule(pick=PICK)
    def submitted(self, pick: int) -> None:
        if (held := self.claimed(pick)) is None:
            return
        self.take(held)

    def take(self, held: Job) -> None:
        """Let the engine take a claimed job."""
        job = self.model.jobs[held.id]
        job.handle, job.handle_at = f"call {held.fence}", job.stored
        self.write(lambda tx: journal.submitted(tx, held, f"call {held.fence}", job.stored))

    @precondition(lambda self: bool(self.held(draw=True) or self.model.of(State.QUEUED)))
    @rule(pick=PICK)
    def picture(self, pick: int) -> None:
        if (held := self.claimed(pick)) is not None:
            self.store_picture(held)

    def store_picture(self, held: Job) -> None:
        """Store the next picture of a claimed job, if one is missing."""
        job = self.model.jobs[held.id]
        if job.stored < job.count:
            position = job.stored
            self.write(lambda tx: journal.picture(tx, held, position, make.picture(), b"abc"))
            job.stored += 1

    @precondition(lambda self: bool(self.held(draw=True) or self.model.of(State.QUEUED)))
    @rule(pick=PICK, cost=st.sampled_from((None, 0.05, 0.7)))
    def drawn(self, pick: int, cost: float | None) -> None:
        if (held := self.claimed(pick)) is not None:
            self.finish(held, cost)

    def finish(self, held: Job, cost: float | None = None) -> None:
        job = self.model.jobs[held.id]
        if not job.stored:
            self.store_picture(held)
        facts = {"missing": job.count - job.stored, "cost": cost}
        self.model.drawn(held, facts)
        self.write(lambda tx: journal.drawn(tx, held, facts, 2.0))

    @precondition(lambda self: bool(self.held(draw=True) or self.model.of(State.QUEUED)))
    @rule(pick=PICK, end=st.sampled_from(ERRORS))
    def failed(self, pick: int, end: tuple[BotError, bool]) -> None:
        error, give_back = end
        if (held := self.claimed(pick)) is None:
            return
        self.model.failed(held, error, give_back=give_back)
        self.write(lambda tx: journal.failed(tx, held, error, give_back=give_back))

    @precondition(lambda self: bool(self.held(draw=True) or self.model.of(State.QUEUED)))
    @rule(pick=PICK)
    def moved(self, pick: int) -> None:
        if (held := self.claimed(pick)) is None:
            return
        self.model.moved(held)
        self.write(lambda tx: journal.moved(tx, held))

    @precondition(lambda self: any(self.model.jobs[held.id].cancel for held in self.held(draw=True)))
    @rule(pick=PICK)
    def cancelled(self, pick: int) -> None:
        held = self.pick([held for held in self.held(draw=True) if self.model.jobs[held.id].cancel], pick)
        self.model.cancelled(held)
        self.write(lambda tx: journal.cancelled(tx, held))

    @precondition(lambda self: bool(self.held(draw=True) or self.model.of(State.QUEUED)))
    @rule(pick=PICK)
    def shut_down(self, pick: int) -> None:
        if (held := self.claimed(pick)) is None:
            return
        job = self.model.jobs[held.id]
        job.lease, job.attempts = self.clock.now, job.attempts - 1
        self.released.add((held.id, held.fence))
        self.write(lambda tx: journal.released(tx, held))
