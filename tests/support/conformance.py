"""What the journal must do, said a second time and without a database: jobs as values, each step a few lines.

A step by a worker or courier names its claim, and returns False, having changed nothing, when the claim is lost. The
steps' names are those of `bot.jobs`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from bot.engines.base import Nature
from bot.errors import BotError
from bot.jobs.claims import LONGEST_DELAY_S, Room
from bot.jobs.lanes import Caps
from bot.jobs.recovery import MAX_ATTEMPTS
from bot.limits import Price
from bot.types import Job, State
from tests.support.conformance_jobs import Expected
from tests.support.conformance_ledger import Charge, Ledger
from tests.support.conformance_turns import Turns
from tests.support.jobs import ManualClock

TO_TELL = (State.DRAWN, State.FAILED, State.CANCELLED)


class Model:
    """All jobs, lanes and charges."""

    def __init__(self, clock: ManualClock) -> None:
        """Empty."""
        self._clock = clock
        self.jobs: dict[str, Expected] = {}
        self.turns = Turns(self.jobs)
        self.ledger = Ledger()

    @property
    def now(self) -> float:
        """The time."""
        return self._clock.now

    def holds(self, claim: Job) -> bool:
        """Tell whether a claim is still the one that counts."""
        job = self.jobs.get(claim.id)
        return job is not None and job.owner is not None and job.fence == claim.fence

    def of(self, *states: State) -> list[Expected]:
        """Return the jobs in these states, oldest first."""
        found = [job for job in self.jobs.values() if job.state in states]
        return sorted(found, key=lambda job: (job.created, job.id))

    # ── accepting ───────────────────────────────────────────────────────────────────────────────────────────────

    def add(self, new: Job, price: Price | None) -> str | None:
        """Accept a job, or return the name of the error with which it must be refused."""
        job = Expected(
            new.id, new.person.key, new.place.server_key, new.plan.engine, new.plan.count, self.now, new.state
        )
        if price is not None:
            charge = Charge(job.person, job.server, job.engine, job.count, price.money, self.now)
            waiting: Counter[str] = Counter((job.person, job.server))
            for each in self.of(State.QUEUED):
                waiting.update((each.person, each.server))
            if (error := self.ledger.refusal(charge, price.person, price.server, waiting)) is not None:
                return error
            self.ledger.charges[job.id] = charge
        if job.state is State.QUEUED:
            self.turns.join(job)
        self.jobs[job.id] = job
        return None

    # ── drawing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def claim(self, owner: str, lease_s: float, room: Room, caps: Caps, got: str | None) -> Expected | None:
        """Claim the job that must come next; `got` is the one that did, if several begun ones may."""
        for engine in sorted({job.engine for job in self.of(State.QUEUED)}):
            slots = room.get(engine, {})
            busy = Counter(job.address for job in self.of(State.RUNNING) if job.engine == engine)
            free = {address: busy[address] / slots for address, slots in slots.items() if busy[address] < slots}
            begun = [job for job in self.of(State.QUEUED) if job.engine == engine and job.handle is not None]
            if going_on := [job for job in begun if job.address in free]:
                oldest = [job for job in going_on if job.created == going_on[0].created]
                job = next((job for job in oldest if job.id == got), oldest[0])
                return self._begin(job, owner, lease_s, turn=False)
            if free and (following := self.turns.next(engine, caps)) is not None:
                following.address = min(free, key=free.__getitem__)
                return self._begin(following, owner, lease_s, turn=True)
        return None

    def _begin(self, job: Expected, owner: str, lease_s: float, *, turn: bool) -> Expected:
        self.turns.begin(job, turn=turn)
        job.state, job.owner, job.lease = State.RUNNING, owner, self.now + lease_s
        job.fence += 1
        job.attempts += 1
        return job

    def drawn(self, claim: Job, facts: Mapping[str, object]) -> None:
        """All pictures that will come are stored."""
        job = self.jobs[claim.id]
        if job.cancel:
            self.cancelled(claim)
            return
        job.let_go()
        job.state, job.progress, job.facts = State.DRAWN, 1.0, facts
        if (charge := self.ledger.charges.get(job.id)) is not None:
            charge.keep(job.stored)
            if isinstance(cost := facts.get("cost"), float):
                charge.money = cost
            charge.spend(charge.money)

    def failed(self, claim: Job, error: BotError, *, give_back: bool) -> None:
        """It ends without a picture."""
        if self.jobs[claim.id].cancel:
            self.cancelled(claim)
            return
        self.jobs[claim.id].end(State.FAILED, self.now, type(error).__name__)
        if error.may_cost:
            self._kept(claim.id)
        if give_back:
            self._give_back(claim.id)

    def cancelled(self, claim: Job) -> None:
        """It was stopped."""
        self.jobs[claim.id].stored = 0
        self.jobs[claim.id].end(State.CANCELLED, self.now)
        self._kept(claim.id)
        self._give_back(claim.id)

    def moved(self, claim: Job) -> None:
        """Its address did not take it."""
        job = self.jobs[claim.id]
        if job.cancel:
            self.cancelled(claim)
            return
        job.let_go()
        job.state, job.progress, job.attempts = State.QUEUED, None, job.attempts - 1
        if claim.handle is None:
            self._anew(job)
        self.turns.back(job)

    def cancel(self, job_id: str) -> bool:
        """A person cancels."""
        job = self.jobs[job_id]
        if job.state is State.QUEUED:
            job.end(State.CANCELLED, self.now)
            self._give_back(job_id)
        elif job.state is not State.RUNNING:
            return False
        job.cancel = True
        return True

    # ── posting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def claim_post(self, owner: str, lease_s: float) -> Expected | None:
        """Claim the end that has waited longest, of those that are due."""
        for job in self.of(*TO_TELL):
            due = not self.now < job.not_before <= self.now + LONGEST_DELAY_S
            if job.announced is None and job.owner is None and due:
                job.state = State.POSTING if job.state is State.DRAWN else job.state
                job.owner, job.lease, job.posting_since = owner, self.now + lease_s, self.now
                job.fence += 1
                job.post_attempts += 1
                return job
        return None

    def delivered(self, claim: Job) -> None:
        """The end was told."""
        job = self._told(claim)
        if job.state is State.POSTING:
            job.end(State.DELIVERED, self.now, job.error)

    def post_later(self, claim: Job, delay_s: float) -> None:
        """It could not be told for now."""
        job = self.jobs[claim.id]
        job.let_go()
        job.state = State.DRAWN if job.state is State.POSTING else job.state
        job.not_before = self.now + delay_s

    def not_deliverable(self, claim: Job, error: str) -> None:
        """The pictures cannot be posted, words can."""
        job = self.jobs[claim.id]
        job.end(State.FAILED, self.now, error)
        job.posting_since = None
        self._give_back(job.id)

    def undeliverable(self, claim: Job, error: str) -> None:
        """It can never be told."""
        job = self._told(claim)
        if job.ended is None:
            job.end(State.FAILED, self.now)
        job.error = error
        self._give_back(job.id)

    def _told(self, claim: Job) -> Expected:
        job = self.jobs[claim.id]
        assert job.announced is None, f"{job} is told twice"
        job.let_go()
        job.announced = self.now
        return job

    # ── recovery ────────────────────────────────────────────────────────────────────────────────────────────────

    def recover(
        self, *, everything: bool, engines: Mapping[str, Nature], addresses: Mapping[str, Collection[str]]
    ) -> set[str]:
        """Decide over claims whose holder died, and over jobs nobody will claim; return their ids."""
        found = set()
        for job in self.jobs.values():
            if job.owner is not None and job.lease is not None and (everything or job.lease < self.now):
                found.add(job.id)
                job.let_go()
                job.fence += 1
                if job.state is State.POSTING:
                    job.state = State.DRAWN
                elif job.state is State.RUNNING:
                    self._after_running(job, engines.get(job.engine, "paid"))
        for engine in {job.engine for job in self.of(State.QUEUED)}:
            if engine in engines:
                found |= self._unpin(engine, engines[engine], addresses[engine], known=True)
            else:
                found |= self._unpin(engine, "paid", (), known=True) | self._give_up(engine, "UnknownEngine")
        return found

    def _after_running(self, job: Expected, nature: Nature) -> None:
        missing = job.count - job.stored
        again = nature == "free" or (nature == "resumable" and job.handle is not None)
        if again and job.attempts < MAX_ATTEMPTS and missing and not job.cancel:
            job.state, job.progress = State.QUEUED, None
            self.turns.back(job)
            return
        if missing or job.cancel:
            self._kept(job.id)
        if job.stored and not job.cancel:
            job.state, job.facts = State.DRAWN, {"missing": missing}
            if (charge := self.ledger.charges.get(job.id)) is not None:
                charge.keep(job.stored)
                charge.spend(charge.money)
            return
        error = "GaveUp" if job.attempts >= MAX_ATTEMPTS else "Interrupted"
        job.stored = 0
        job.end(*((State.CANCELLED, self.now) if job.cancel else (State.FAILED, self.now, error)))
        self._give_back(job.id)

    def absent(self, engine: str) -> set[str]:
        """An engine has been away for too long."""
        if any(job.engine == engine for job in self.of(State.RUNNING)):
            return set()
        return self._give_up(engine, "EngineUnavailable")

    def unreachable(self, engine: str, address: str, nature: Nature) -> set[str]:
        """An address has been away for too long."""
        return self._unpin(engine, nature, (address,), known=False)

    def _unpin(self, engine: str, nature: Nature, addresses: Collection[str], *, known: bool) -> set[str]:
        """Let go of jobs begun at these addresses; `known`: at any but these."""
        begun = [job for job in self.of(State.QUEUED) if job.engine == engine and job.handle is not None]
        gone = [job for job in begun if (job.address in addresses) is not known]
        if nature == "free":
            for job in gone:
                self._anew(job)
            return set()
        for job in gone:
            self._kept(job.id)
        return self._fail(gone, "LostJob")

    def _give_up(self, engine: str, error: str) -> set[str]:
        waiting = [job for job in self.of(State.QUEUED) if job.engine == engine and job.handle is None]
        return self._fail(waiting, error)

    def _fail(self, jobs: list[Expected], error: str) -> set[str]:
        for job in jobs:
            job.end(State.FAILED, self.now, error)
            self._give_back(job.id)
        return {job.id for job in jobs}

    # ── quotas ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _give_back(self, job_id: str) -> None:
        for charge in self._charges(job_id):
            charge.pictures, charge.money = 0, 0.0

    def _kept(self, job_id: str) -> None:
        for charge in self._charges(job_id):
            charge.spend(charge.money)

    def _charges(self, job_id: str) -> Iterator[Charge]:
        if (charge := self.ledger.charges.get(job_id)) is not None:
            yield charge

    @staticmethod
    def _anew(job: Expected) -> None:
        job.address, job.handle, job.handle_at = None, None, 0
