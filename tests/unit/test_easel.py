"""What people do, through the core's own door, with the real demo engine and a platform in memory."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot import errors
from bot.answers import Accepted, Told
from bot.types import Options, Person, Place, State
from tests.support.chat import ANN, BOB, HERE, Chat, chatting
from tests.support.engines import png
from tests.support.jobs import fill_disk


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).convert("RGB").tobytes()


async def test_draw_edit_undo_again(chat: Chat) -> None:
    fox = await chat.get("a red fox in the snow at dusk")
    assert (fox.alt, fox.buttons) == ("a red fox in the snow at dusk", ("again", "edit", "details", "delete"))
    _, drawn = await chat.easel.picture(fox.pictures[0].id)

    night = await chat.get("make it night")
    assert night.job.plan.kind == "edit"
    assert night.job.parent == fox.pictures[0].id
    assert "undo" in night.buttons
    _, changed = await chat.easel.picture(night.pictures[0].id)
    assert pixels(changed) != pixels(drawn)
    assert (night.pictures[0].width, night.pictures[0].height) == (64, 64)

    answer = await chat.easel.accept(chat.request("go back"))
    assert isinstance(answer, Accepted)
    back = await chat.end(answer.job.id)
    assert [each.id for each in back.pictures] == [fox.pictures[0].id]
    assert (await chat.easel.details(back.job.id)).job.id == fox.job.id
    with pytest.raises(errors.NothingToUndo):
        await chat.easel.accept(chat.request("undo"))

    again = await chat.easel.again(ANN, HERE, "again-1")
    other = await chat.end(again.job.id)
    assert other.job.plan.prompt == "make it night"
    assert other.job.plan.seed != night.job.plan.seed


async def test_undo_goes_back_step_by_step_to_the_upload(chat: Chat) -> None:
    ref = chat.attach(png(64, 64))
    first = await chat.get("mirror it", attached=(ref,))
    second = await chat.get("make it darker")
    steps = []
    for number in range(2):
        answer = await chat.easel.undo(ANN, HERE, f"undo-{number}")
        steps.append(await chat.end(answer.job.id))
    assert [each.pictures[0].id for each in steps] == [first.pictures[0].id, first.job.parent]
    assert [each.alt for each in steps] == ["mirror it", ""]
    assert ["undo" in each.buttons for each in steps] == [True, False]
    assert second.job.parent == first.pictures[0].id
    _, original = await chat.easel.picture(steps[1].pictures[0].id)
    assert pixels(original) == pixels(png(64, 64))


async def test_the_same_message_twice_is_one_job(chat: Chat) -> None:
    request = chat.request("a boat --size 64x64")
    answers = await asyncio.gather(*(chat.easel.accept(request) for _ in range(4)))
    jobs = {answer.job.id for answer in answers if isinstance(answer, Accepted)}
    assert len(jobs) == 1
    await chat.end(jobs.pop())
    assert len(chat.platform.deliveries) == 1


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("picture.png", png())
    return file.getvalue()


def moving() -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def bomb() -> bytes:
    file = io.BytesIO()
    Image.new("1", (16000, 16000)).save(file, "PNG")
    return file.getvalue()


REFUSED: list[tuple[str, dict[str, Any], bytes | None, str]] = [
    ("", {"command": "imagine"}, None, "What should I draw? Write it after the command"),
    ("x" * 40_000, {}, None, "That is 40000 characters; I can read at most 32000."),
    ("a fox --sed 7", {}, None, "I don't know the option --sed. Did you mean --seed? Nothing was drawn."),
    ("a fox --seed many", {}, None, "“many” does not fit --seed"),
    ("a fox --size 3x", {}, None, "“3x” does not fit --size"),
    ("a fox --count 9", {}, None, "You asked for 9 pictures; up to 4 are allowed at once here."),
    ("a fox --size 9000x9000", {}, None, "9000 × 9000 is larger than allowed here"),
    ("a fox --steps 500", {}, None, "You asked for 500 steps; up to 60 are allowed here."),
    ("a fox --private", {}, None, "I can't answer privately here, so I did not draw it."),
    ("a fox --engine cloud", {}, None, "There is no engine called “cloud”. You can use: demo."),
    ("make it night", {"command": "edit"}, None, "I have no picture to change."),
    ("", {"command": "edit"}, png(), "What should I change? Say it together with the picture"),
    ("", {}, png(), "Nice picture. What should I change about it?"),
    ("make it night", {}, png()[:60], "I can't read the picture “a.png”; it seems to be damaged."),
    ("make it night", {}, zipped(), "“a.png” is not a picture I can read."),
    ("make it night", {}, moving(), "“a.png” is animated."),
    ("make it night", {}, bomb(), "“a.png” has 16000 × 16000 pixels; I take pictures of up to 40 megapixels."),
]


async def test_what_is_refused_says_why_and_leaves_nothing(chat: Chat) -> None:
    for text, more, file, sentence in REFUSED:
        attached = {} if file is None else {"attached": (chat.attach(file),)}
        with pytest.raises(errors.Refused) as raised:
            await chat.easel.accept(chat.request(text, **more, **attached))
        assert chat.easel.say("en", raised.value).startswith(sentence)
        assert await chat.easel.queue(ANN) == []
    assert (await chat.get("a boat")).pictures  # the process goes on


async def test_a_full_disk_refuses_pictures_and_goes_on(chat: Chat) -> None:
    noise = io.BytesIO()
    Image.effect_noise((1024, 1024), 80).save(noise, "PNG")
    await fill_disk(chat.database)
    with pytest.raises(errors.StorageFull):
        await chat.easel.accept(chat.request("make it night", attached=(chat.attach(noise.getvalue()),)))
    assert await chat.easel.queue(ANN) == []
    await fill_disk(chat.database, False)
    assert (await chat.get("a boat")).pictures


async def test_mask_of_another_size_names_both(chat: Chat) -> None:
    picture, mask = chat.attach(png(64, 64)), chat.attach(png(32, 64), "mask.png")
    with pytest.raises(errors.MaskSize) as raised:
        await chat.easel.accept(chat.request("make it night", command="edit", attached=(picture,), mask=mask))
    assert all(size in chat.easel.say("en", raised.value) for size in ("32", "64"))
    with pytest.raises(errors.MaskWithoutPicture):
        await chat.easel.accept(chat.request("a fox", command="imagine", mask=mask))


async def test_small_talk_is_answered_with_words_or_silence(chat: Chat) -> None:
    answer = await chat.easel.accept(chat.request("hello"))
    assert isinstance(answer, Told)
    assert await chat.easel.accept(chat.request("thanks!")) is None
    chinese = await chat.easel.accept(chat.request("你好", person=Person("local", "ann", locale="zh-TW")))
    assert isinstance(chinese, Told)
    assert chinese.text != answer.text


async def test_what_the_engine_cannot_do_is_left_out_and_said(chat: Chat) -> None:
    delivery = await chat.get("a boat --negative people --steps 20 --style poster --enhance on")
    for what in ("a negative prompt", "a number of steps"):
        assert f"The engine demo does not know {what}, so I left that out." in delivery.text
    for what in ("presets", "improving prompts"):
        assert f"I can't do {what} here, so I left that out." in delivery.text


async def test_a_picture_that_is_not_used_is_not_silently_ignored(chat: Chat) -> None:
    delivery = await chat.get("draw me a new picture of a boat", attached=(chat.attach(png()),))
    assert delivery.job.plan.kind == "generate"
    assert "I drew a new picture and did not use yours." in delivery.text


async def test_editing_switched_off_is_said_not_ignored(tmp_path: Path) -> None:
    async with chatting(tmp_path, EASEL_DEFAULTS__EDIT_ENABLED="false") as chat:
        with pytest.raises(errors.EditingOff):
            await chat.easel.accept(chat.request("make it night", attached=(chat.attach(png()),)))
        assert (await chat.get("a boat")).pictures


async def test_cancel_is_for_the_asker_and_moderators(tmp_path: Path) -> None:
    async with chatting(tmp_path, EASEL_ENGINES__DEMO__PARAMS='{"seconds": 60}') as chat:
        mine = await chat.ask("a boat")
        with pytest.raises(errors.NotYours):
            await chat.easel.cancel(BOB, HERE, mine.job.id)
        with pytest.raises(errors.NothingToCancel):
            await chat.easel.cancel(BOB, HERE)
        await chat.easel.cancel(Person("local", "bob", moderator=True), HERE, mine.job.id)
        assert (await chat.end(mine.job.id)).job.state is State.CANCELLED
        more = [await chat.ask("a boat") for _ in range(3)]
        assert len(await chat.easel.cancel(ANN, HERE)) == 3
        for each in more:
            assert (await chat.end(each.job.id)).job.state is State.CANCELLED
        with pytest.raises(errors.TooLateToCancel):
            await chat.easel.cancel(ANN, HERE, mine.job.id)


async def test_delete_is_for_good_and_for_the_asker(chat: Chat) -> None:
    fox = await chat.get("a fox")
    with pytest.raises(errors.NotYours):
        await chat.easel.delete(BOB, HERE, fox.job.id)
    with pytest.raises(errors.NotYours):  # who rules another server rules nothing here
        await chat.easel.delete(Person("local", "bob", admin=True), Place("local", "other", "channel"), fox.job.id)
    await chat.easel.delete(ANN, HERE, fox.job.id)
    with pytest.raises(errors.Gone):
        await chat.easel.picture(fox.pictures[0].id)
    answer = await chat.easel.accept(chat.request("make it night --size 64x64"))
    assert isinstance(answer, Accepted)
    assert answer.job.plan.kind == "generate"  # there is no picture any more it could mean


async def test_somebody_elses_again_is_their_own_job(chat: Chat) -> None:
    edited = await chat.get("mirror it", attached=(chat.attach(png(64, 64)),))
    again = await chat.easel.again(BOB, HERE, "again-bob", job_id=edited.job.id)
    assert again.job.person == BOB
    assert (await chat.end(again.job.id)).pictures
    with pytest.raises(errors.NothingToRepeat):
        await chat.easel.again(Person("local", "cat"), HERE, "again-cat")


async def test_history_and_its_deletion(chat: Chat) -> None:
    fox, boat = await chat.get("a fox"), await chat.get("a boat")
    past = await chat.easel.history(ANN)
    assert [each.job.id for each in past] == [boat.job.id, fox.job.id]
    assert past[0].pictures == boat.pictures
    assert await chat.easel.clear_history(ANN) == 2
    assert await chat.easel.history(ANN) == []
    with pytest.raises(errors.Gone):
        await chat.easel.picture(fox.pictures[0].id)


async def test_options_given_as_such_and_flags_win(chat: Chat) -> None:
    accepted = await chat.ask("a fox --seed 0", options=Options(seed=5, count=2))
    assert (accepted.job.plan.seed, accepted.job.plan.count) == (0, 2)
    assert len((await chat.end(accepted.job.id)).pictures) == 2
