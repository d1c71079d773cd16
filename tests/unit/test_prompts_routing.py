"""What a language model may decide of a message, and that it can decide nothing that is not there."""

from __future__ import annotations

import json

import pytest

from bot.intent import Decision, Message, Rules, decide
from bot.llm.base import Form
from bot.prompts import Prompts, rules
from bot.settings.tables import LlmSettings
from tests.support.llm_scripted import ScriptedModel

NIGHT = "make it night"


async def routed(message: Message, choice: object) -> Decision | None:
    model = ScriptedModel()
    model.answer("route", {"decision": choice})
    return await Prompts(model, LlmSettings()).route(message)


PLAIN = Message(NIGHT)
THREAD = Message(NIGHT, recent=True, where="thread")
REPLY = Message(NIGHT, replied=2, replied_by="other")
ATTACHED = Message(NIGHT, attached=1, replied=2, replied_by="easel", recent=True, where="dm")


@pytest.mark.parametrize(
    ("message", "choice", "decision"),
    [
        (PLAIN, "generate", Decision("generate", 8)),
        (THREAD, "generate", Decision("generate", 8)),
        (ATTACHED, "generate", Decision("generate", 4)),
        (REPLY, "generate", Decision("generate", 4)),
        (ATTACHED, "edit", Decision("edit", 5, "attached")),
        (REPLY, "edit", Decision("edit", 6, "replied")),
        (THREAD, "edit", Decision("edit", 7, "recent")),
        (Message(NIGHT, recent=True, where="dm"), "edit", Decision("edit", 7, "recent")),
        (Message(NIGHT, recent=True, replied_by="easel"), "edit", Decision("edit", 7, "recent")),
        (THREAD, "undo", Decision("undo", 3)),
        (REPLY, "undo", Decision("undo", 3)),
        (PLAIN, "again", Decision("generate", 4, repeat=True)),
        (PLAIN, "help", Decision("hint", 3, hint="help")),
        (REPLY, "what_to_change", Decision("hint", 3, hint="what_to_change")),
        (PLAIN, "small_talk", Decision("hint", 3, hint="small_talk")),
        (ATTACHED, "ignore", Decision("ignore", 3)),
    ],
)
async def test_a_choice_is_a_decision_by_the_eight_rules(message: Message, choice: str, decision: Decision) -> None:
    assert await routed(message, choice) == decision


@pytest.mark.parametrize(
    ("message", "choice"),
    [
        (PLAIN, "edit"),
        (Message(NIGHT, recent=True), "edit"),  # across a channel, words alone change nothing
        (PLAIN, "undo"),
        (PLAIN, "delete everything"),
        (PLAIN, ""),
        (PLAIN, None),
        (PLAIN, ["generate"]),
        (ATTACHED, "hint"),
    ],
)
async def test_what_cannot_be_is_no_decision(message: Message, choice: object) -> None:
    assert await routed(message, choice) is None


@pytest.mark.parametrize("message", [Message(NIGHT, command="edit"), Message(NIGHT, command="imagine"), Message("  ")])
async def test_commands_and_wordless_messages_are_not_asked_about(message: Message) -> None:
    model = ScriptedModel()
    assert await Prompts(model, LlmSettings()).route(message) is None
    assert model.asked == []


async def test_the_model_is_told_what_there_is() -> None:
    model = ScriptedModel()
    message = Message("x" * 2000, attached=1, replied=2, replied_by="other", recent=True, where="server")
    await Prompts(model, LlmSettings()).route(message, ["a fox", "Here is your fox!"])
    asked = model.asked[0]
    assert json.loads(asked.said) == {
        "message": rules.shown("x" * 2000),
        "attached": 1,
        "replied": 2,
        "recent": True,
        "where": "server",
        "earlier": ["a fox", "Here is your fox!"],
    }
    assert asked.timeout_s == 2


async def test_every_choice_leads_somewhere_and_agrees_with_the_rules_where_they_are_sure() -> None:
    for choice in rules.CHOICES:
        assert await routed(ATTACHED, choice) is not None
    for text, choice in (("remove the hat", "edit"), ("draw me a new cat", "generate"), ("undo", "undo")):
        message = Message(text, replied=1, replied_by="easel")
        assert await routed(message, choice) == decide(message, Rules.load())


@pytest.mark.parametrize("form", [rules.PROMPT, rules.DECISION])
def test_forms_are_as_strict_servers_want_them(form: Form) -> None:
    assert form.schema["required"] == list(form.schema["properties"])
    assert form.schema["additionalProperties"] is False
    assert form.name.isidentifier()
