"""Whose turn it must be: start-time fair queueing said once more, over jobs as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.jobs.lanes import Caps
from bot.types import State

if TYPE_CHECKING:
    from tests.support.conformance_jobs import Expected

Key = tuple[str, str, str]
"""Engine, parent, name: as in the table `lanes`."""


@dataclass
class Times:
    """What a lane remembers of turns, in pictures."""

    served: float
    """The time of its own next turn."""
    clock: float = 0.0
    """The time of the turn given last to one in it."""


@dataclass
class Turns:
    """The lanes of all engines. Who waits and runs in them is counted anew from the jobs each time."""

    jobs: Mapping[str, Expected]
    times: dict[Key, Times] = field(default_factory=dict)

    def counts(self, state: State) -> Counter[Key]:
        """Return how many jobs of this state count in each lane."""
        return Counter(key for job in self.jobs.values() if job.state is state for key in job.lanes)

    def join(self, job: Expected) -> None:
        """A new job comes to wait; it is not yet among the jobs."""
        waiting, clock = self.counts(State.QUEUED), 0.0
        for key in job.lanes:
            lane = self.times.setdefault(key, Times(clock))
            if not waiting[key]:
                lane.served = max(lane.served, clock)
            clock = lane.clock

    def begin(self, job: Expected, *, turn: bool) -> None:
        """A job gets its turn, or goes on with the one it had (`turn` false)."""
        engine, server, person = (self.times[key] for key in job.lanes)
        if turn:
            engine.clock = max(engine.clock, server.served)
            server.clock = max(server.clock, person.served)
        self._serve(job, job.count)

    def back(self, job: Expected) -> None:
        """A job waits again as if it had not had its turn."""
        self._serve(job, -job.count)

    def _serve(self, job: Expected, pictures: int) -> None:
        for key in job.lanes[1:]:
            self.times[key].served += pictures

    def next(self, engine: str, caps: Caps) -> Expected | None:
        """Return the job whose turn it is: of the first server and person that have one and are below their caps."""
        waiting = [job for job in self.jobs.values() if job.state is State.QUEUED and job.engine == engine]
        running = [job for job in self.jobs.values() if job.state is State.RUNNING]
        people = Counter(job.person for job in running)
        servers = Counter(job.server for job in running)
        eligible = [
            job
            for job in waiting
            if job.handle is None
            and (caps.person is None or people[job.person] < caps.person)
            and (caps.server is None or servers[job.server] < caps.server)
        ]
        runs = self.counts(State.RUNNING)

        def place(job: Expected) -> tuple[object, ...]:
            _, server, person = job.lanes
            levels = [(self.times[key].served, runs[key], key[2]) for key in (server, person)]
            return (*levels, job.created, job.id)

        return min(eligible, key=place, default=None)

    def forget_idle(self) -> None:
        """Lanes that say nothing go: nobody is in them, and a new one would begin no earlier."""
        used = self.counts(State.QUEUED) + self.counts(State.RUNNING)
        children = {(engine, parent) for engine, parent, _ in self.times}
        for key in [key for key in self.times if key[1] and not used[key] and self._over(key, children)]:
            del self.times[key]

    def _over(self, key: Key, children: Collection[tuple[str, str]]) -> bool:
        engine, parent, name = key
        above = self.times[(engine, "", "*") if parent == "*" else (engine, "*", parent)]
        empty = parent != "*" or (engine, name) not in children
        return empty and above.clock >= self.times[key].served

    def rows(self) -> dict[Key, tuple[int, int, float, float]]:
        """Return the table `lanes` as it must be: waiting, running, served, clock."""
        waiting, running = self.counts(State.QUEUED), self.counts(State.RUNNING)
        return {key: (waiting[key], running[key], each.served, each.clock) for key, each in self.times.items()}
