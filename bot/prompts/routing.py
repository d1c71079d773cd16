"""Generate or edit, decided by a language model: the question, and the decision its answer stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.intent import Decision, Message
from bot.prompts import rules
from bot.prompts.answers import Unfit

_TALK: Mapping[str, Decision] = {
    "help": Decision("hint", 3, hint="help"),
    "what_to_change": Decision("hint", 3, hint="what_to_change"),
    "small_talk": Decision("hint", 3, hint="small_talk"),
    "ignore": Decision("ignore", 3),
    "again": Decision("generate", 4, repeat=True),
}


def question(message: Message, earlier: Sequence[str]) -> str:
    """Return what the model is shown of a message."""
    return rules.data(
        message=rules.shown(message.text),
        attached=message.attached,
        replied=message.replied,
        recent=_to_go_on_with(message),
        where=message.where,
        earlier=rules.last(earlier),
    )


def decision(message: Message, choice: object) -> Decision:
    """Return the decision a choice stands for. Where the picture of an edit comes from is no choice: it follows from
    what there is, as in `bot.intent`.

    Raises Unfit for what is no choice, or one that cannot be: an edit or an undo without a picture.
    """
    match choice:
        case "edit" if message.attached:
            return Decision("edit", 5, "attached")
        case "edit" if message.replied:
            return Decision("edit", 6, "replied")
        case "edit" if _to_go_on_with(message):
            return Decision("edit", 7, "recent")
        case "undo" if message.replied or message.recent:
            return Decision("undo", 3)
        case "generate":
            return Decision("generate", 4 if message.attached or message.replied else 8)
        case str() if choice in _TALK:
            return _TALK[choice]
    raise Unfit("no such choice" if choice not in rules.CHOICES else "no picture")


def _to_go_on_with(message: Message) -> bool:
    """Tell whether words alone may change a recent picture: in a conversation, not across a busy channel."""
    return message.recent and (message.where != "server" or message.replied_by is not None)
