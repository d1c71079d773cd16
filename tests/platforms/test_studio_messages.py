"""Saying things in the studio: stored once, answered once, refused in words."""

from __future__ import annotations

import asyncio
import io
import logging
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from adapters.local import server, uploads
from bot.engines.base import EditTask, GenerateTask
from bot.errors import (
    EmptyPrompt,
    FileTooLarge,
    Gone,
    MaskMarksNothing,
    MaskSize,
    NoPicture,
    TooManyPictures,
    UnknownType,
)
from tests.support.engines import ScriptedEngine, png
from tests.support.studio import Gate, Guest, Studio, serving


@pytest.fixture
async def guest(studio: Studio) -> AsyncIterator[Guest]:
    async with Guest.of(studio) as guest:
        yield guest


async def test_words_become_a_picture(studio: Studio, guest: Guest) -> None:
    said = await guest.say("a red fox --size 64x96")
    assert (said["by"], said["text"], said["pictures"]) == ("other", "a red fox --size 64x96", [])
    answer = await guest.answer_to(said["id"])
    assert (answer["by"], answer["alt"]) == ("easel", "a red fox")
    assert answer["buttons"] == ["again", "edit", "details", "delete"]
    ((id_, width, height),) = [tuple(each.values()) for each in answer["pictures"]]
    assert (width, height) == (64, 96)
    async with guest.get(f"/api/pictures/{id_}") as served:
        assert served.headers["Content-Type"] == "image/png"
        assert served.headers["Content-Disposition"] == f'inline; filename="easel-{id_}.png"'
        assert served.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert Image.open(io.BytesIO(await served.read())).size == (64, 96)


async def test_what_is_sent_again_is_taken_once(studio: Studio, guest: Guest) -> None:
    id_ = uuid.uuid4().hex
    answers = await asyncio.gather(*(guest.send("a red fox", id=id_) for _ in range(4)))  # at the same time …
    await guest.answer_to(answers[0][1]["id"])
    answers.append(await guest.send("a red fox", id=id_))  # … and when all is over
    assert {(status, answer["id"], answer["client"]) for status, answer in answers} == {(200, answers[0][1]["id"], id_)}
    assert len(await guest.messages()) == 2
    assert len(studio.engine.tasks) == 1


async def test_a_refusal_answers_the_message_once(guest: Guest) -> None:
    id_ = uuid.uuid4().hex
    for _ in range(2):
        status, said = await guest.send("a fox --sise 64x64", id=id_)
        assert status == 200
    _, answer = await guest.messages()
    assert (answer["by"], answer["quote"]["message"], answer["job"]) == ("easel", said["id"], None)
    assert "--sise" in answer["text"]
    assert "--size" in answer["text"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [("/imagine", EmptyPrompt.sentence), ("/edit make it night", NoPicture.sentence), ("hello!", "Hello!")],
)
async def test_what_is_no_request_is_answered_in_words(guest: Guest, text: str, answer: str) -> None:
    said = await guest.say(text)
    assert (await guest.answer_to(said["id"]))["text"].startswith(answer)


async def test_uploads_are_shown_as_they_were_stored(studio: Studio, guest: Guest) -> None:
    photo = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"  # lies on its side
    Image.open(io.BytesIO(png(40, 20))).save(photo, "JPEG", exif=exif)
    said = await guest.say("make it night", files=(("IMG_1.JPG", photo.getvalue()), ("b.png", png(30, 30))))
    assert [(each["width"], each["height"]) for each in said["pictures"]] == [(20, 40), (30, 30)]
    assert b"A camera" not in await guest.picture(said["pictures"][0]["id"])
    await guest.answer_to(said["id"])
    (task,) = studio.engine.tasks
    assert isinstance(task, EditTask)
    assert [(each.width, each.height) for each in task.inputs] == [(20, 40), (30, 30)]
    assert (await guest.messages())[0] == said


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).convert("RGB").tobytes()


async def test_one_picture_of_several_is_answered(studio: Studio, guest: Guest) -> None:
    first = await guest.answer_to((await guest.say("a fox --count 3 --size 64x64"))["id"])
    second = first["pictures"][1]
    _, said = await guest.send("make it night", reply_to=first["id"], picture=second["id"])
    assert (said["quote"]["message"], said["quote"]["text"]) == (first["id"], "a fox")
    assert said["quote"]["picture"] == second
    night = await guest.answer_to(said["id"])
    assert "undo" in night["buttons"]
    task = studio.engine.tasks[-1]
    assert isinstance(task, EditTask)
    assert pixels(task.inputs[0].data) == pixels(await guest.picture(second["id"]))

    assert await guest.press(night["id"], "undo") == (200, {})
    back = await guest.answer_to(night["id"])
    assert back["pictures"] == [second]


async def test_a_mask_must_fit(studio: Studio, guest: Guest) -> None:
    picture = ("a.png", png(64, 64))
    _, said = await guest.send("make it night", file=[picture], mask=("m.png", png(32, 32)))
    expected = MaskSize(mask="32x32", picture="64x64")
    assert (await guest.answer_to(said["id"]))["text"] == studio.parts.easel.say("en", expected)
    assert said["pictures"] == []
    _, said = await guest.send("make it night", file=[picture], mask=("m.png", png(64, 64)))
    assert (await guest.answer_to(said["id"]))["text"] == studio.parts.easel.say("en", MaskMarksNothing())


async def test_a_mask_says_the_same_transparent_or_white_on_black(studio: Studio, guest: Guest) -> None:
    white = Image.new("L", (64, 64))
    white.paste(255, (0, 0, 32, 64))
    transparent = Image.new("RGBA", (64, 64), (9, 9, 9, 255))
    transparent.paste((9, 9, 9, 0), (0, 0, 32, 64))
    for mask in (white, transparent):
        file = io.BytesIO()
        mask.save(file, "PNG")
        _, said = await guest.send("make it night", file=[("a.png", png(64, 64))], mask=("m.png", file.getvalue()))
        await guest.answer_to(said["id"])
        task = studio.engine.tasks[-1]
        assert isinstance(task, EditTask)
        assert task.mask is not None
        opaque = Image.open(io.BytesIO(task.mask.data)).getchannel("A")
        assert [opaque.getpixel(at) for at in ((0, 0), (31, 63), (32, 0), (63, 63))] == [0, 0, 255, 255]


async def test_what_is_no_picture_is_refused_in_the_conversation(studio: Studio, guest: Guest) -> None:
    said = await guest.say("make it night", files=(("notes.png", b"PK\x03\x04 zipped notes"),))
    expected = studio.parts.easel.say("en", UnknownType(name="notes.png"))
    assert (await guest.answer_to(said["id"]))["text"] == expected


async def test_too_much_is_refused_before_it_is_stored(
    studio: Studio, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_FILE_BYTES", 100_000)
    monkeypatch.setattr(uploads, "MAX_FIELD_BYTES", 100_000)
    say = studio.parts.easel.say
    status, answer = await guest.send("night", file=[("big.png", bytes(100_001))])
    assert (status, answer["error"]) == (413, say("en", FileTooLarge(name="big.png", limit=uploads.MAX_FILE_MB)))
    status, answer = await guest.send("night", file=[("a.png", png())] * (uploads.MAX_FILES + 1))
    assert (status, answer["error"]) == (413, say("en", TooManyPictures(limit=uploads.MAX_FILES)))
    status, answer = await guest.send("x" * (uploads.MAX_FIELD_BYTES + 1))
    assert status == 413
    assert await guest.messages() == []
    said = await guest.say("x" * 40_000)
    assert "40000 characters" in (await guest.answer_to(said["id"]))["text"]


@pytest.mark.parametrize("fields", [{"id": "short"}, {"id": "../../../etc/passwd"}, {"reply_to": "1; drop"}])
async def test_what_the_page_would_not_send_is_refused(guest: Guest, fields: dict[str, str]) -> None:
    assert (await guest.send("a fox", **fields))[0] == 400
    assert (await guest.call("POST", "/api/messages", data=b"nonsense"))[0] == 400
    assert (await guest.call("POST", "/api/messages"))[0] == 400
    assert (await guest.call("POST", "/api/messages/1/again", json=["id"]))[0] == 400


async def test_an_answer_to_what_is_gone(studio: Studio, guest: Guest) -> None:
    _, said = await guest.send("make it night", reply_to=99, picture="nothing")
    assert said["quote"] == {"message": 99, "text": None, "picture": None}
    assert (await guest.answer_to(said["id"]))["text"] == studio.parts.easel.say("en", Gone())


async def test_long_conversations_come_in_pages(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PAGE_SIZE", 4)
    said = [await guest.say(f"hello {number}") for number in range(5)]
    for each in said:  # an answer in the middle of the comparison would move the newest page
        await guest.answer_to(each["id"])
    _, page = await guest.call("GET", "/api/messages")
    assert (len(page["messages"]), page["more"]) == (4, True)
    found = await guest.messages()
    assert [each["text"] for each in found if each["by"] == "other"] == [f"hello {number}" for number in range(5)]
    assert (await guest.call("GET", "/api/messages", params={"before": "²"}))[1]["messages"] == page["messages"]


async def test_commands_answer_and_what_they_change_is_loaded_anew(guest: Guest) -> None:
    async with guest.events() as stream:
        await anext(stream)
        said = await guest.say("/settings set language zh-TW")
        kinds = [(await anext(stream))["kind"] for _ in range(3)]
    assert sorted(kinds) == ["message", "message", "reset"]
    assert "zh-TW" in (await guest.answer_to(said["id"]))["text"]
    _, session = await guest.call("GET", "/api/session")
    assert (session["language"], session["words"]["send"]) == ("zh-TW", "傳送")


async def test_prompts_are_not_logged(studio: Studio, guest: Guest, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for text in ("a secret wish", "a secret wish --nonsense", "/imagine a secret wish", "/secret wish"):
        await guest.answer_to((await guest.say(text))["id"])
    assert "secret" not in caplog.text


async def test_the_queue_is_told(tmp_path: Path) -> None:
    gate = Gate()
    engine = ScriptedEngine(behaviour=gate)
    async with serving(tmp_path, engine, EASEL_ENGINES__DEMO__SLOTS="1") as studio, Guest.of(studio) as guest:
        for text in ("one fox", "two foxes", "three foxes"):
            said = await guest.say(text)
            await studio.engine.started.wait()
        _, page = await guest.call("GET", "/api/messages")
        places = {each["prompt"]: each["place"] for each in page["standings"]}
        assert places == {"one fox": None, "two foxes": 1, "three foxes": 2}
        last = page["standings"][-1]
        assert await guest.call("POST", f"/api/jobs/{last['job']}/cancel", json={}) == (200, {})
        assert (await guest.answer_to(said["id"]))["text"] == "Cancelled."
        gate.open()
        status, answer = await guest.call("POST", f"/api/jobs/{last['job']}/cancel", json={})
        assert (status, answer["error"]) == (409, "That one is already finished.")


async def test_buttons(studio: Studio, guest: Guest) -> None:
    fox = await guest.answer_to((await guest.say("a red fox --size 64x64"))["id"])
    assert await guest.press(fox["id"], "again") == (200, {})
    again = await guest.answer_to(fox["id"])
    one, two = studio.engine.tasks
    assert isinstance(one, GenerateTask)
    assert (one.prompt, one.seed == two.seed) == (two.prompt, False)

    _, details = await guest.call("GET", f"/api/messages/{again['id']}/details")
    assert "a red fox" in details["text"]
    assert str(two.seed) in details["text"]

    assert await guest.call("DELETE", f"/api/messages/{fox['id']}") == (200, {})
    assert (await guest.call("GET", f"/api/pictures/{fox['pictures'][0]['id']}"))[0] == 404
    assert (await guest.call("DELETE", f"/api/messages/{fox['id']}"))[0] == 404
    _, left = await guest.messages()
    assert (left["id"], left["pictures"]) == (again["id"], again["pictures"])
    assert left["quote"] == {"message": fox["id"], "text": None, "picture": None}


async def test_details_of_a_picture_shown_again_are_those_of_its_drawing(guest: Guest) -> None:
    fox = await guest.answer_to((await guest.say("a red fox --size 64x64"))["id"])
    night = await guest.answer_to((await guest.say("make it night"))["id"])
    _, asked = await guest.call("GET", f"/api/messages/{fox['id']}/details")
    assert await guest.press(night["id"], "undo") == (200, {})
    await guest.answer_to(night["id"])
    assert (await guest.answer_to((await guest.say("/details"))["id"]))["text"] == asked["text"]


async def test_a_cleared_history_leaves_neither_pictures_nor_words(guest: Guest) -> None:
    picture = (await guest.answer_to((await guest.say("a red fox"))["id"]))["pictures"][0]["id"]
    cleared = await guest.say("/history clear")
    answer = await guest.answer_to(cleared["id"])
    assert [each["id"] for each in await guest.messages()] == [cleared["id"], answer["id"]]
    async with guest.get(f"/api/pictures/{picture}") as served:
        assert served.status == 404
