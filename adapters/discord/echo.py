"""What was asked for, repeated beside how it stands: where no message of the person shows it."""

from __future__ import annotations

import re

import discord

from adapters.discord.text import cut
from bot.types import Job

LIMIT = 300
"""Characters of a prompt that are repeated."""
_LINK = re.compile(r"https?://\S+")


def own(job: Job) -> bool:
    """Tell whether the job's request is a message of Easel's own: the response to a command or button."""
    return job.message is not None and job.message.own


def echo(prompt: str, *, limit: int = LIMIT) -> str:
    """Return a prompt, cut to `limit`, as a quotation in one line: no markdown of its own, no previews of links."""
    words = discord.utils.escape_markdown(cut(" ".join(prompt.split()), limit))
    return "> " + _LINK.sub(r"<\g<0>>", words) if words else ""


def said(job: Job, text: str) -> str:
    """Return what a job's status message says, in at most 2,000 characters."""
    words = echo(job.plan.prompt) if own(job) else ""
    return cut(f"{words}\n{text}" if words else text)
