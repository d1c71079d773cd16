"""The rows of buttons below Easel's messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import discord

from adapters.discord import ids
from adapters.discord.ids import Action
from bot.app import Easel
from bot.i18n.marks import N_

LABELS: Mapping[Action, tuple[str, str]] = {
    "again": ("🔁", N_("Again")),
    "edit": ("✏️", N_("Edit")),
    "vary": ("🎨", N_("Vary")),
    "upscale": ("⬆️", N_("Upscale")),
    "undo": ("↩️", N_("Undo")),
    "details": ("ℹ️", N_("Details")),
    "delete": ("🗑️", N_("Delete")),
    "cancel": ("✖️", N_("Cancel")),
}
"""Emoji and word."""


def buttons(easel: Easel, language: str, job: str, actions: Iterable[Action]) -> discord.ui.View:
    """Return buttons for a job in a language; without actions, an empty row that takes buttons away.

    The view is finished from the start: discord.py would keep every other view in memory for ever. A press is known by
    its custom id alone.
    """
    view = discord.ui.View(timeout=None)
    for action in actions:
        emoji, word = LABELS[action]
        view.add_item(
            discord.ui.Button(
                style=discord.ButtonStyle.secondary,
                emoji=emoji,
                label=easel.say(language, word),
                custom_id=ids.button(action, job),
            )
        )
    view.stop()
    return view
