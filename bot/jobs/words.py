"""What the language model does for one job: better words before it is drawn, a friendly sentence beside it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any

from bot.db.database import Database, Tx
from bot.engines.base import InputPicture
from bot.jobs import journal
from bot.preparing import Prepared, Preparer
from bot.prompts import Prompts
from bot.types import Job, Person, Place, Plan, State

EARLIER = 6
"""Requests before one that say what it is about."""


class Words:
    """The words around one job, for as long as this process has it: also when it is put back and claimed again."""

    def __init__(self, job: Job, database: Database, prompts: Prompts, preparer: Preparer) -> None:
        """Nothing is asked yet."""
        self.moves = 0
        """Times the job was put back because its address did not take it."""
        self._job = job
        self._database = database
        self._prompts = prompts
        self._preparer = preparer
        self._prepared: Prepared | None = None
        self._saying: asyncio.Task[str | None] | None = None

    async def prepare(self, inputs: Sequence[InputPicture]) -> Plan:
        """Return the plan with the prompt to send, the same one every time. Raises what `Preparer.prepare` does."""
        if self._prepared is None and "prompt" in self._job.facts:  # another process did, and died
            self._prepared = Prepared(str(self._job.facts["prompt"]), {})
        if self._prepared is None:
            self._prepared = await self._preparer.prepare(self._job.plan, inputs, await self._earlier())
            if facts := self._prepared.facts:
                await self._database.write(lambda tx: journal.noted(tx, self._job, facts))
        return dataclasses.replace(self._job.plan, prompt=self._prepared.prompt)

    def drawing_begins(self) -> None:
        """Ask for the sentence that goes with the pictures; nobody waits for it."""
        plan = self._job.plan
        if self._saying is None and plan.acknowledge and self._prompts.ready:
            said = self._prompts.acknowledge(plan.kind, plan.prompt, plan.count, self._job.language)
            self._saying = asyncio.create_task(said, name=f"acknowledge {self._job.id}")

    def facts(self) -> dict[str, Any]:
        """Return what is to be remembered with the job: the prompt sent, and the sentence if it is there by now."""
        facts = {**self._job.facts, **(self._prepared.facts if self._prepared else {})}
        saying = self._saying
        if saying is not None and saying.done() and not saying.cancelled() and saying.exception() is None:
            facts |= {"said": saying.result()} if saying.result() else {}
        return facts

    def close(self) -> None:
        """Wait for nothing more."""
        if self._saying is not None:
            self._saying.cancel()

    async def _earlier(self) -> list[str]:
        job = self._job
        return await self._database.read(lambda tx: earlier(tx, job.person, job.place, job)) if job.plan.enhance else []


def earlier(tx: Tx, person: Person, place: Place, before: Job | None = None) -> list[str]:
    """Return what a person asked for last in a place, before a job if given, oldest first: nobody else's words.

    What failed is left out: words that were refused would only spoil what comes after them.
    """
    found = [
        each.plan.prompt
        for each in journal.recent(tx, person=person.key, place=place, limit=4 * EARLIER)
        if not each.plan.shown_again
        and each.state is not State.FAILED
        and (before is None or (each.id != before.id and each.created <= before.created))
    ]
    return found[:EARLIER][::-1]
