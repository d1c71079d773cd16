"""The journal does what a small model of it does, on both databases, whatever comes in whatever order.

After every step the rows of jobs, lanes, charges and usage are those of the model (tests/support/conformance.py), whose
counts and sums are made anew from its jobs each time; and each example ends with everything told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from bot.db.database import Database, Tx
from bot.engines.base import Nature
from bot.errors import EngineBusy, PlaceGone, TooLarge
from bot.jobs import claims, journal, lanes, recovery
from bot.jobs.claims import LONGEST_DELAY_S
from bot.jobs.journal import LeaseLost
from bot.jobs.lanes import Caps
from bot.types import Job, MessageRef, State
from tests.support import jobs as make
from tests.support.conformance import TO_TELL
from tests.support.conformance_jobs import Expected, Stored, stored
from tests.support.conformance_machine import PICK, SLOTS, Drawing
from tests.support.databases import opened_at
from tests.support.jobs import LEASE, ManualClock

EXAMPLES, STEPS = {"sqlite": 100, "postgresql": 40}, 60
NATURES = st.fixed_dictionaries(dict.fromkeys(SLOTS, st.sampled_from(("resumable", "free", "paid", None))))
"""What may become of what was begun at each engine; None = it is no longer configured."""
RARELY = st.sampled_from((False, False, False, True))
DEATHS = st.tuples(
    st.booleans(),
    RARELY,
    RARELY,
    st.booleans(),
    st.sampled_from(("resumable", "free", "resumable", "free", "paid", None)),
    RARELY,
)
"""Whether the engine had taken the job, a picture was stored, somebody cancelled, only the lease ends; the nature; and
whether the engines are taken out of the configuration then.
"""
OF_A_WORKER: tuple[Callable[[Tx, Job], object], ...] = (
    lambda tx, held: journal.beat(tx, held, LEASE, 0.5),
    lambda tx, held: journal.submitted(tx, held, "stale", 0),
    lambda tx, held: journal.picture(tx, held, held.plan.count, make.picture(), b"abc"),
    lambda tx, held: journal.drawn(tx, held, {}),
    lambda tx, held: journal.failed(tx, held, EngineBusy(engine="alpha")),
    journal.cancelled,
    journal.moved,
    journal.released,
)
OF_A_COURIER: tuple[Callable[[Tx, Job], object], ...] = (
    lambda tx, held: journal.delivered(tx, held, [MessageRef(held.place, "stale")]),
    lambda tx, held: journal.post_later(tx, held, 5),
    lambda tx, held: journal.not_deliverable(tx, held, TooLarge(limit=1)),
    lambda tx, held: journal.undeliverable(tx, held, PlaceGone()),
)


class Conformance(Drawing):
    """Beside those who draw: a courier, and everything that goes wrong."""

    def __init__(self, database: Database, runner: asyncio.Runner, clock: ManualClock) -> None:
        super().__init__(database, runner, clock)
        self._told: dict[str, Expected] = {}
        self._ended: dict[str, float] = {}
        self._spent: dict[tuple[str, str], float] = {}

    # ── a courier ───────────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: bool(self.model.of(*TO_TELL)))
    @rule()
    def claim_post(self) -> None:
        self.claim_next_post()

    def claim_next_post(self) -> Job | None:
        known = {job.id: job.posting_since for job in self.model.jobs.values()}
        claimed = self.write(lambda tx: claims.claim_post(tx, "c", LEASE, ["local"]))
        expected = self.model.claim_post("c", LEASE)
        assert (claimed and claimed.id) == (expected and expected.id)
        if claimed is not None:
            assert claimed.posting_since == known[claimed.id]
            self.claims.append((claimed, False))
        return claimed

    def _to_post(self, pick: int) -> Job | None:
        """Return a claim that holds, a new one if there is none and an end is to be told."""
        held = self.held(draw=False)
        return self.pick(held, pick) if held else self.claim_next_post()

    @precondition(lambda self: bool(self.held(draw=False) or self.model.of(*TO_TELL)))
    @rule(pick=PICK)
    def delivered(self, pick: int) -> None:
        if (held := self._to_post(pick)) is not None:
            self.tell(held)

    def tell(self, held: Job) -> None:
        self.model.delivered(held)
        self.write(lambda tx: journal.delivered(tx, held, [MessageRef(held.place, f"message {held.id}")]))

    @precondition(lambda self: bool(self.held(draw=False) or self.model.of(*TO_TELL)))
    @rule(pick=PICK, delay_s=st.sampled_from((1.0, LONGEST_DELAY_S)))
    def post_later(self, pick: int, delay_s: float) -> None:
        if (held := self._to_post(pick)) is None:
            return
        self.model.post_later(held, delay_s)
        self.write(lambda tx: journal.post_later(tx, held, delay_s))

    @precondition(lambda self: bool(self.held(draw=False) or self.model.of(State.DRAWN)))
    @rule(pick=PICK)
    def not_deliverable(self, pick: int) -> None:
        if (held := self._to_post(pick)) is None or held.state is not State.POSTING:
            return
        self.model.not_deliverable(held, "TooLarge")
        self.write(lambda tx: journal.not_deliverable(tx, held, TooLarge(limit=1)))

    @precondition(lambda self: bool(self.held(draw=False) or self.model.of(*TO_TELL)))
    @rule(pick=PICK)
    def undeliverable(self, pick: int) -> None:
        if (held := self._to_post(pick)) is None:
            return
        self.model.undeliverable(held, "PlaceGone")
        self.write(lambda tx: journal.undeliverable(tx, held, PlaceGone()))

    # ── what goes wrong ─────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: not all(self.model.holds(claim) for claim, _ in self.claims))
    @rule(pick=PICK, step=PICK)
    def write_without_a_claim(self, pick: int, step: int) -> None:
        lost, to_draw = self.pick([each for each in self.claims if not self.model.holds(each[0])], pick)
        stale = self.pick(OF_A_WORKER if to_draw else OF_A_COURIER, step)
        with pytest.raises(LeaseLost):
            self.write(lambda tx: stale(tx, lost))

    @precondition(lambda self: any(job.announced is None for job in self.model.jobs.values()))
    @rule(seconds=st.sampled_from((1.0, 11.0, LEASE + 1, 61.0, 3600.0, 86400.0, -1.0, -45.0, -86400.0)))
    def clock_steps(self, seconds: float) -> None:
        self.clock.now += seconds
        self.model.turns.forget_idle()
        self.write(lanes.forget_idle)  # as the sweep does now and then

    @rule(everything=st.booleans(), natures=NATURES, moved_away=st.booleans())
    def recover(self, everything: bool, natures: dict[str, Nature | None], moved_away: bool) -> None:
        addresses = SLOTS | ({"alpha": {"http://b": 2}} if moved_away else {})
        engines = {engine: nature for engine, nature in natures.items() if nature is not None}
        self._recover(everything=everything, engines=engines, addresses=addresses)

    @precondition(lambda self: bool(self.held(draw=True) or self.model.of(State.QUEUED)))
    @rule(pick=PICK, deaths=st.lists(DEATHS, min_size=1, max_size=4))
    def process_dies(self, pick: int, deaths: list[tuple[bool, bool, bool, bool, Nature | None, bool]]) -> None:
        """While it draws, and perhaps while it draws the same job again."""
        for taken, drawn, cancel, lease_ends, nature, removed in deaths:
            if (held := self.claimed(pick)) is None:
                return
            if taken:
                self.take(held)
            if drawn:
                self.store_picture(held)
            if cancel:
                self.give_up(held.id)
            if lease_ends:
                self.clock.now += LEASE + 1
            engines: dict[str, Nature] = {} if nature is None else dict.fromkeys(SLOTS, nature)
            self._recover(everything=not lease_ends, engines=engines)
            if removed:
                self._recover(everything=False, engines={})

    def _recover(
        self, *, everything: bool, engines: Mapping[str, Nature], addresses: Mapping[str, Mapping[str, int]] = SLOTS
    ) -> None:
        expected = self.model.recover(everything=everything, engines=engines, addresses=addresses)
        ids: set[str] = set()
        while found := self.write(
            lambda tx: recovery.recover(tx, everything=everything, engines=engines, addresses=addresses)
        ):
            ids.update(found)
        assert ids == expected

    @precondition(lambda self: bool(self.model.of(State.QUEUED)))
    @rule(
        at=st.sampled_from([(engine, address) for engine in SLOTS for address in SLOTS[engine]]),
        nature=st.sampled_from(("free", "resumable", "paid")),
        altogether=st.booleans(),
    )
    def address_is_unreachable(self, at: tuple[str, str], nature: Nature, altogether: bool) -> None:
        expected = self.model.unreachable(*at, nature)
        assert set(self.write(lambda tx: recovery.unreachable(tx, *at, nature))) == expected
        if altogether:
            expected = self.model.absent(at[0])
            assert set(self.write(lambda tx: recovery.absent(tx, at[0]))) == expected

    # ── what holds after every step ─────────────────────────────────────────────────────────────────────────────

    @invariant()
    def rows_are_those_of_the_model(self) -> None:
        found = self.runner.run(self.database.read(stored))
        assert found.jobs == self.model.jobs
        assert found.lanes == self.model.turns.rows()
        assert found.charges == self.model.ledger.charges
        expected = self.model.ledger.usage()
        assert found.usage.keys() >= {key for key, used in expected.items() if any(used)}
        for key, used in found.usage.items():
            assert used == pytest.approx(expected.get(key, (0, 0.0)), abs=1e-6)
        self._nothing_is_undone(found)

    def _nothing_is_undone(self, found: Stored) -> None:
        """An end stays, and so does what was told; money that was spent is not unspent; slots are enough."""
        for job in found.jobs.values():
            if job.ended is not None:
                assert self._ended.setdefault(job.id, job.ended) == job.ended
            if job.announced is not None:
                assert self._told.setdefault(job.id, job) == job
        for key, (_, money) in found.usage.items():
            if key[0].startswith("engine:"):
                assert money >= self._spent.get(key, 0.0) - 1e-6
                self._spent[key] = money
        busy = Counter((job.engine, job.address) for job in found.jobs.values() if job.state is State.RUNNING)
        assert all(count <= SLOTS[engine][address or ""] for (engine, address), count in busy.items())

    def teardown(self) -> None:
        """A healthy worker and courier end and tell everything."""
        self._recover(everything=True, engines=dict.fromkeys(SLOTS, "free"))
        while (held := self.claim_next("healthy", SLOTS, Caps())) is not None:
            self.finish(held)
        self.clock.now += 2 * LONGEST_DELAY_S
        while (post := self.claim_next_post()) is not None:
            self.tell(post)
        assert all(job.announced is not None and job.state.ended for job in self.model.jobs.values())
        self.rows_are_those_of_the_model()


@pytest.mark.both_databases
@pytest.mark.timeout(600)
def test_the_journal_does_what_its_model_does(database_url: str) -> None:
    clock, examples = ManualClock(), EXAMPLES[database_url.partition(":")[0]]
    with asyncio.Runner() as runner:
        opened = opened_at(database_url, clock)
        database = runner.run(opened.__aenter__())
        try:
            run_state_machine_as_test(
                partial(Conformance, database, runner, clock),  # type: ignore[arg-type]  # any callable is fine
                settings=hypothesis.settings(max_examples=examples, stateful_step_count=STEPS),
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))
