"""Words around pictures as people meet them in the studio."""

from __future__ import annotations

from pathlib import Path

from bot.engines.base import Result, Run, Task
from bot.errors import CannotDescribe
from tests.support.engines import ScriptedEngine, draws, png
from tests.support.llm_configured import configured
from tests.support.llm_scripted import ScriptedModel
from tests.support.studio import Guest, serving

SAYS = "A red fox sits in the snow."


async def test_an_upload_and_an_answered_picture_are_described(tmp_path: Path) -> None:
    model = ScriptedModel()
    model.answer("describe", SAYS)
    with configured(model):
        async with serving(tmp_path) as studio, Guest.of(studio) as guest:
            status, said = await guest.send("/describe", file=("a.png", png(96, 32)))
            assert status == 200
            assert (await guest.answer_to(said["id"]))["text"] == SAYS
            picture = await guest.answer_to((await guest.say("a red fox --size 64x64"))["id"])
            status, said = await guest.send("/describe", reply_to=picture["id"])
            assert (await guest.answer_to(said["id"]))["text"] == SAYS
    sizes = [(shown.width, shown.height) for asked in model.asked_for("describe") for shown in asked.pictures]
    assert sizes == [(96, 32), (64, 64)]


async def test_where_nothing_can_describe_it_the_studio_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path) as studio, Guest.of(studio) as guest:
        _, said = await guest.send("/describe", file=("a.png", png(96, 32)))
        assert (await guest.answer_to(said["id"]))["text"] == CannotDescribe.sentence


async def test_a_picture_comes_with_the_language_models_sentence_and_details_tell_what_was_sent(
    tmp_path: Path,
) -> None:
    model = ScriptedModel()
    model.answer("enhance", {"prompt": "a red fox in deep snow, soft light"})
    model.answer("acknowledge", "Here is your fox, fresh from the snow.")

    async def draws_meanwhile(task: Task, run: Run) -> Result:
        await model.arrived("acknowledge")
        return await draws(task, run)

    engine = ScriptedEngine(behaviour=draws_meanwhile)
    with configured(model):
        async with serving(tmp_path, engine, EASEL_DEFAULTS__ENHANCE="true") as studio, Guest.of(studio) as guest:
            answer = await guest.answer_to((await guest.say("a red fox --size 64x64"))["id"])
            _, details = await guest.call("GET", f"/api/messages/{answer['id']}/details")
    assert (answer["text"], answer["alt"]) == ("Here is your fox, fresh from the snow.", "a red fox")
    assert details["text"].splitlines()[:2] == ["a red fox", "Prompt sent: a red fox in deep snow, soft light"]
