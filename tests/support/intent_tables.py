"""Sentences in a table, and what each asks for in every situation a message can stand in."""

from __future__ import annotations

import dataclasses

from bot.intent import Decision, Message, Rules, decide

RULES = Rules.load()

SERVER = Message("")
RECENT = Message("", recent=True)
"""In a server's channel a picture that was shown shortly before is not meant."""
EMPTY_DM = Message("", where="dm")
REPLY = Message("", replied=1, replied_by="easel", recent=True)
ATTACHED = Message("", attached=1)
DM = Message("", recent=True, where="dm")
THREAD = Message("", recent=True, where="thread")
CHAIN = Message("", recent=True, replied_by="other")

CONVERSATIONS = (DM, THREAD, CHAIN)
ALONE = (SERVER, EMPTY_DM)
EVERYWHERE = (REPLY, ATTACHED, *CONVERSATIONS, *ALONE)

AS_A_CHANGE = {
    "attached": {("edit", 5)},
    "replied to": {("edit", 6)},
    "shown before": {("edit", 7)},
    "none": {("generate", 8)},
}
"""What `by_picture` says of a wish for a change."""
AS_A_SUBJECT = AS_A_CHANGE | {"shown before": {("generate", 8)}}
"""What it says of a subject for a picture."""


def sentences(table: str) -> list[str]:
    """Return the sentences of a table: one in each line, or several with " | " between them."""
    return [each.strip() for line in table.strip().splitlines() for each in line.split(" | ") if each.strip()]


def decision_of(text: str, message: Message) -> Decision:
    """Decide what a text asks for where this message stands."""
    return decide(dataclasses.replace(message, text=text), RULES)


def decided(text: str, *messages: Message) -> set[tuple[str, int]]:
    """Return the decisions, with their rules, on a text in each of these situations."""
    decisions = [decision_of(text, message) for message in messages]
    return {(each.decision, each.rule) for each in decisions}


def by_picture(text: str, *alone: Message) -> dict[str, set[tuple[str, int]]]:
    """Return the decisions on a text by the picture there is; `alone` are further situations with none."""
    return {
        "attached": decided(text, ATTACHED),
        "replied to": decided(text, REPLY),
        "shown before": decided(text, *CONVERSATIONS),
        "none": decided(text, *ALONE, *alone),
    }
