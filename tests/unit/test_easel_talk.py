"""What follows from what was said before: repeating, going back, forgetting."""

from __future__ import annotations

import dataclasses

import pytest

from bot import errors
from bot.answers import Accepted, Delivery
from bot.types import Command, PictureRef
from tests.support.chat import ANN, BOB, HERE, Chat
from tests.support.engines import png


@pytest.mark.parametrize("command", [None, "edit"])
async def test_a_picture_first_and_then_the_words(chat: Chat, command: Command | None) -> None:
    with pytest.raises(errors.WhatToChange):
        await chat.easel.accept(chat.request("", attached=(chat.attach(png(64, 64)),)))
    answer = await chat.easel.accept(chat.request("make it night", command=command))
    assert isinstance(answer, Accepted)
    assert answer.job.plan.kind == "edit"


async def test_again_keeps_to_what_is_switched_off_meanwhile(chat: Chat) -> None:
    await chat.get("a red fox")
    await chat.easel.settings.set("server", dataclasses.replace(ANN, admin=True), HERE, "generate_enabled", "off")
    with pytest.raises(errors.GeneratingOff):
        await chat.easel.again(ANN, HERE, "again")


async def test_again_speaks_the_language_of_who_asks(chat: Chat) -> None:
    first = await chat.ask("a red fox --steps 3", person=dataclasses.replace(ANN, locale="zh-TW"))
    assert not (await chat.end(first.job.id)).text.isascii()
    again = await chat.easel.again(BOB, HERE, "again", job_id=first.job.id)
    assert (await chat.end(again.job.id)).text.isascii()


async def test_what_one_person_forgets_does_not_hide_another_ones_picture(chat: Chat) -> None:
    await chat.get("a red fox", person=BOB)
    await chat.get("a blue house")
    assert await chat.easel.clear_history(ANN) == 1
    assert (await chat.ask("make it night", person=BOB)).job.plan.kind == "edit"


async def test_edit_takes_the_newest_picture_of_the_conversation_whosever_it_is(chat: Chat) -> None:
    await chat.get("a red fox")
    with pytest.raises(errors.WhatToChange):
        await chat.easel.accept(chat.request("", attached=(chat.attach(png(128, 64)),)))
    edited = await chat.easel.accept(chat.request("make it night", command="edit"))
    assert isinstance(edited, Accepted)
    assert (edited.job.plan.width, edited.job.plan.height) == (128, 64)


async def test_one_word_in_reply_to_a_picture_is_about_that_picture(chat: Chat) -> None:
    boat = await chat.get("a boat")
    night = await chat.get("make it night")
    await chat.get("draw a fox")

    async def reply(text: str, to: Delivery) -> Delivery:
        replied = (PictureRef("", picture=to.pictures[0].id),)
        answer = await chat.easel.accept(chat.request(text, replied=replied, replied_by="easel"))
        assert isinstance(answer, Accepted)
        return await chat.end(answer.job.id)

    assert (await reply("again", boat)).job.plan.prompt == "a boat"
    assert (await reply("undo", night)).pictures == boat.pictures
