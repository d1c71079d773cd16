"""The names by which Easel knows its own things again on Discord, also after a restart: they carry the job's id.

Nothing about a button, a form or a delivered picture is kept in memory or in a table: a custom id says what is to be
done with which job, and a file name says which picture of which job it is. Trust them only in Easel's own messages.
"""

from __future__ import annotations

import re
from typing import Literal, cast, get_args

from bot.answers import Button

Action = Button | Literal["cancel"]
"""What a button does."""

_BUTTON = re.compile(rf"easel:({'|'.join([*get_args(Button), 'cancel'])}):([a-z0-9]{{1,20}})")
_EDIT_FORM = re.compile(r"easel:form:([a-z0-9]{1,20})")
_MENU_FORM = re.compile(r"easel:message:([0-9]{1,20}):([0-9]{1,20})")
_FILE = re.compile(r"(?:SPOILER_)?easel-([a-z0-9]{1,20})-([0-9]{1,2})\.(?:png|jpg|webp)")
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def button(action: Action, job: str) -> str:
    """Return the custom id of a button (Discord: at most 100 characters)."""
    return f"easel:{action}:{job}"


def parse_button(custom_id: str) -> tuple[Action, str] | None:
    """Return what a button does and with which job; None for a custom id of something else."""
    found = _BUTTON.fullmatch(custom_id)
    return (cast(Action, found[1]), found[2]) if found else None  # the pattern holds the actions only


def edit_form(job: str) -> str:
    """Return the custom id of the form that asks how to change a job's picture."""
    return f"easel:form:{job}"


def parse_edit_form(custom_id: str) -> str | None:
    """Return the job whose picture a form is about."""
    found = _EDIT_FORM.fullmatch(custom_id)
    return found[1] if found else None


def menu_form(channel: int, message: int) -> str:
    """Return the custom id of the form that asks how to change the picture of anybody's message."""
    return f"easel:message:{channel}:{message}"


def parse_menu_form(custom_id: str) -> tuple[int, int] | None:
    """Return channel and message whose picture a form is about."""
    found = _MENU_FORM.fullmatch(custom_id)
    return (int(found[1]), int(found[2])) if found else None


def file_name(job: str, position: int, mime: str) -> str:
    """Return the name a delivered picture is uploaded with; `position` counts the job's pictures from 0."""
    return f"easel-{job}-{position}.{_ENDINGS[mime]}"


def parse_file_name(name: str) -> tuple[str, int] | None:
    """Return job and position of a delivered picture; None for any other file."""
    found = _FILE.fullmatch(name)
    return (found[1], int(found[2])) if found else None
