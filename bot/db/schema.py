"""The tables, one definition for SQLite and PostgreSQL. Times are seconds since the epoch, as floats.

A change here needs a migration in `migrations/versions`; a test compares the two.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Time = sa.Double

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),  # one job per incoming message
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("platform", sa.String(12), nullable=False),
    sa.Column("server", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("asked", sa.JSON, nullable=False),  # person, place and message as values, see jobs/records.py
    sa.Column("language", sa.String(12), nullable=False),
    sa.Column("engine", sa.String(32), nullable=False),
    sa.Column("plan", sa.JSON, nullable=False),
    sa.Column("pictures", sa.Integer, nullable=False, default=1),  # to be drawn: what the job takes of its lanes' turns
    sa.Column("parent", sa.String(20)),
    sa.Column("created", Time, nullable=False),
    sa.Column("started", Time),
    sa.Column("ended", Time),
    # Who works on it, drawing or posting. Every write of a worker names its fence.
    sa.Column("owner", sa.String(40)),
    sa.Column("lease", Time),
    sa.Column("fence", sa.Integer, nullable=False, default=0),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("cancel", sa.Boolean, nullable=False, default=False),
    sa.Column("progress", sa.Float),
    sa.Column("address", sa.Text),  # of its engine's pool: where it runs, or where its handle is known
    sa.Column("handle", sa.Text),
    sa.Column("handle_at", sa.Integer, nullable=False, default=0),
    sa.Column("facts", sa.JSON, nullable=False, default=dict),  # what the engine said of the whole call
    sa.Column("status_message", sa.Text),
    # The end of a job is told exactly once: `announced` is null until it has been.
    sa.Column("posting_since", Time),
    sa.Column("post_attempts", sa.Integer, nullable=False, default=0),
    sa.Column("not_before", Time, nullable=False, default=0.0),
    sa.Column("announced", Time),
    sa.Column("posted", sa.JSON, nullable=False, default=list),  # ids of the messages that show it
    sa.Column("error", sa.String(40)),
    sa.Column("error_args", sa.JSON, nullable=False, default=dict),
    sa.Index(None, "person", "created"),
    sa.Index(None, "place", "created"),
    sa.Index(None, "announced"),
)
# Conditions of partial indexes, which stay small however many jobs have ended or wait. Whoever asks for these rows uses
# them as they are here: the values are part of the text, or no database would know which index is meant.
IS_QUEUED = jobs.c.state == sa.literal_column("'queued'")
IS_POSTING = jobs.c.state == sa.literal_column("'posting'")
IS_HELD = jobs.c.owner.is_not(None)
IS_UNTOLD = jobs.c.announced.is_(None)
IS_TO_TELL = (
    IS_UNTOLD
    & jobs.c.owner.is_(None)
    & jobs.c.state.in_([sa.literal_column(f"'{state}'") for state in ("drawn", "failed", "cancelled")])
)
IS_BEGUN = IS_QUEUED & jobs.c.handle.is_not(None)


def _partial(name: str, rows: sa.ColumnElement[bool], *columns: sa.Column[Any]) -> None:
    sa.Index(name, *columns, sqlite_where=rows, postgresql_where=rows)


_partial("ix_jobs_line", IS_QUEUED, jobs.c.engine, jobs.c.server, jobs.c.person, jobs.c.created, jobs.c.id)
_partial("ix_jobs_begun", IS_BEGUN, jobs.c.engine, jobs.c.created)
_partial("ix_jobs_held", IS_HELD, jobs.c.engine, jobs.c.address)
_partial("ix_jobs_posting", IS_POSTING, jobs.c.place)
_partial("ix_jobs_to_tell", IS_TO_TELL, jobs.c.platform, jobs.c.created)
_partial("ix_jobs_untold", IS_UNTOLD, jobs.c.person, jobs.c.created)

lanes = sa.Table(
    "lanes",
    metadata,
    # Waiting lines, see jobs/lanes.py. Of each engine one lane is the whole of it (`parent` ""), in which servers have
    # lanes (`parent` "*"), in which people have lanes (`parent` = the server's key).
    sa.Column("engine", sa.String(32), primary_key=True),
    sa.Column("parent", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("waiting", sa.Integer, nullable=False, default=0),
    sa.Column("running", sa.Integer, nullable=False, default=0),
    sa.Column("served", sa.Double, nullable=False, default=0.0),  # in the parent's time: its next turn
    sa.Column("clock", sa.Double, nullable=False, default=0.0),  # the time of the lanes in it: the turn given last
    sa.Column("pace", sa.Double),  # of a whole engine: the seconds one picture takes
)
ENGINE = "*"
"""The name of the lane that is a whole engine, and so the parent of its servers' lanes."""
OF_SERVERS = lanes.c.parent == ENGINE
OF_PEOPLE = lanes.c.parent.not_in(("", ENGINE))
HAS_WAITING = lanes.c.waiting > sa.literal_column("0")
HAS_RUNNING = lanes.c.running > sa.literal_column("0")
_partial("ix_lanes_turn", HAS_WAITING, lanes.c.engine, lanes.c.parent, lanes.c.served, lanes.c.running, lanes.c.name)
_partial("ix_lanes_waiting", HAS_WAITING, lanes.c.name)
_partial("ix_lanes_running", HAS_RUNNING, lanes.c.name)

usage = sa.Table(
    "usage",
    metadata,
    # What was taken, see limits.py: `owner` is "person:…", "server:…" or "engine:…".
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("period", sa.String(10), primary_key=True),  # "2026-01-31" or "2026-01"
    sa.Column("pictures", sa.Integer, nullable=False, default=0),
    sa.Column("money", sa.Double, nullable=False, default=0.0),
)

charges = sa.Table(
    "charges",
    metadata,
    # What each job took of its person's and its server's quota. Not bound to the job: who deletes it, used it up.
    sa.Column("job", sa.String(20), primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("server", sa.Text, nullable=False),
    sa.Column("engine", sa.String(32), nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("pictures", sa.Integer, nullable=False),
    sa.Column("money", sa.Double, nullable=False),
    sa.Column("spent", sa.Double, nullable=False, default=0.0),  # of it at the engine, as far as known
    sa.Column("created", Time, nullable=False),
    sa.Index(None, "person", "created"),
    sa.Index(None, "server", "created"),
    sa.Index(None, "created"),
)

pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("job", sa.String(20), index=True),  # the job that drew it; null for pictures people gave
    sa.Column("person", sa.Text, nullable=False),  # whose it is: may delete it
    sa.Column("platform", sa.String(12), nullable=False),
    sa.Column("mime", sa.String(20), nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False, default=dict),
    sa.Column("created", Time, nullable=False),
    sa.Index(None, "platform", "created"),
)

picture_bytes = sa.Table(
    "picture_bytes",
    metadata,
    sa.Column("picture", sa.ForeignKey("pictures.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),  # 0, 1, … of PART_BYTES each, see db/pictures.py
    sa.Column("data", sa.LargeBinary, nullable=False),
)

job_pictures = sa.Table(
    "job_pictures",
    metadata,
    sa.Column("job", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role", sa.String(8), primary_key=True),  # "input", "mask" or "result"
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("picture", sa.ForeignKey("pictures.id", ondelete="CASCADE"), nullable=False, index=True),
)

seen = sa.Table(
    "seen",
    metadata,
    # The last messages of each place that Easel saw or wrote, so that "the newest picture" needs no history request.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("by", sa.String(8), nullable=False),  # "easel" or "other"
    sa.Column("pictures", sa.JSON, nullable=False),  # picture ids, in the message's order
    sa.Column("created", Time, nullable=False),
    sa.Index(None, "place", "id"),
    sa.Index(None, "place", "message"),
)

preferences = sa.Table(
    "preferences",
    metadata,
    sa.Column("layer", sa.String(8), primary_key=True),  # "person", "channel" or "server"
    sa.Column("owner", sa.Text, primary_key=True),  # the key of the person, channel or server
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("changed", Time, nullable=False),
)

studio_messages = sa.Table(
    "studio_messages",
    metadata,
    # What a chat platform keeps on its own servers, the local studio keeps here.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),  # the sender's own id of it: sent twice is kept once
    sa.Column("by", sa.String(8), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("alt", sa.Text, nullable=False, default=""),
    sa.Column("pictures", sa.JSON, nullable=False),
    sa.Column("buttons", sa.JSON, nullable=False),
    sa.Column("reply_to", sa.Integer),
    sa.Column("job", sa.String(20), index=True),
    sa.Column("created", Time, nullable=False),
)
