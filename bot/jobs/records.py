"""Jobs as rows and back. Values go into JSON columns as they are named in `bot.types`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bot.errors import BotError
from bot.types import Job, Lora, MessageRef, Person, Place, Plan, State


def to_row(job: Job, key: str, now: float) -> dict[str, Any]:
    """Return the columns of a new job; `key` is its idempotency key."""
    return {
        "id": job.id,
        "key": key,
        "state": job.state.value,
        "platform": job.place.platform,
        "server": job.place.server_key,
        "place": job.place.key,
        "person": job.person.key,
        "asked": {
            "person": dataclasses.asdict(job.person),
            "place": dataclasses.asdict(job.place),
            "message": job.message.id if job.message else None,
            "own": job.message is not None and job.message.own,
        },
        "language": job.language,
        "engine": job.plan.engine,
        "plan": dataclasses.asdict(job.plan),
        "pictures": job.plan.count,
        "parent": job.parent,
        "created": now,
    }


def from_row(row: sa.Row[Any]) -> Job:
    """Make the value of a row of `jobs`."""
    place = Place(**row.asked["place"])
    message = row.asked["message"]
    return Job(
        id=row.id,
        state=State(row.state),
        person=Person(**row.asked["person"]),
        place=place,
        message=MessageRef(place, message, own=row.asked["own"]) if message else None,
        language=row.language,
        plan=plan_from(row.plan),
        parent=row.parent,
        created=row.created,
        started=row.started,
        ended=row.ended,
        fence=row.fence,
        attempts=row.attempts,
        cancel=row.cancel,
        progress=row.progress,
        address=row.address,
        handle=row.handle,
        handle_at=row.handle_at,
        facts=row.facts,
        posting_since=row.posting_since,
        post_attempts=row.post_attempts,
        status_message=row.status_message,
        posted=tuple(row.posted),
        error=row.error,
        error_args=row.error_args,
    )


def plan_from(stored: Mapping[str, Any]) -> Plan:
    """Make a plan of its stored form."""
    values = dict(stored)
    values["loras"] = tuple(Lora(**lora) for lora in values["loras"])
    values["adapted"] = tuple(values["adapted"])
    return Plan(**values)


def error_columns(error: BotError) -> dict[str, Any]:
    """Return how an error is stored: its class, and what fills its sentence."""
    return {
        "error": type(error).__name__,
        "error_args": {name: str(value) for name, value in error.args_.items()},
    }
