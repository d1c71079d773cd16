"""Words for a picture: whose picture, by whom, and how many at once."""

from __future__ import annotations

import asyncio
import dataclasses
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from adapters.commands.parsing import parse
from adapters.commands.running import Context, run
from bot import describing, errors
from bot.answers import Told
from bot.engines.base import Capabilities, InputPicture, InputRule
from bot.llm.base import NoAnswer
from bot.types import Person, PictureRef
from tests.support.chat import ANN, HERE, Chat, chatting
from tests.support.engines import ScriptedEngine, png
from tests.support.llm_configured import configured
from tests.support.llm_scripted import ScriptedModel

SAYS = "A red fox sits in the snow."


@dataclass
class Seer(ScriptedEngine):
    """An engine that describes pictures."""

    can: Capabilities = field(default_factory=lambda: Capabilities(describe=True, free=True))
    says: str | Exception = "a fox, snow,\n evening"
    shown: list[InputPicture] = field(default_factory=list)

    async def describe(self, picture: InputPicture) -> str:
        self.shown.append(picture)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@asynccontextmanager
async def looking(
    folder: Path, model: ScriptedModel | None = None, engine: ScriptedEngine | None = None
) -> AsyncIterator[Chat]:
    """Talk to a bot with this language model and engine."""
    with configured(model, engine):
        async with chatting(folder) as chat:
            yield chat


def seeing() -> ScriptedModel:
    """Return a language model that describes every picture alike."""
    model = ScriptedModel()
    model.answer("describe", SAYS)
    return model


# ── which picture ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_given_picture_is_described_small_and_as_a_jpeg(tmp_path: Path) -> None:
    model = seeing()
    async with looking(tmp_path, model) as chat:
        told = await chat.easel.describe(ANN, HERE, chat.attach(png(3000, 1500)))
    assert told.text == SAYS
    (shown,) = (await model.arrived("describe")).pictures
    with Image.open(io.BytesIO(shown.data)) as image:
        assert (image.format, image.size) == ("JPEG", (shown.width, shown.height))
    assert shown.width * shown.height <= 1024 * 1024
    assert shown.width == pytest.approx(2 * shown.height, abs=2)


@pytest.mark.parametrize("replied", [False, True])
async def test_without_one_it_is_the_picture_replied_to_or_the_newest(tmp_path: Path, replied: bool) -> None:
    model = seeing()
    async with looking(tmp_path, model) as chat:
        first = await chat.get("a red fox")
        with pytest.raises(errors.WhatToChange):
            await chat.easel.accept(chat.request("", attached=(chat.attach(png(96, 32)),)))
        invocation = parse("/describe", "/")
        assert invocation is not None
        picture = first.pictures[0].id if replied else None
        answer = await run(invocation, Context(chat.easel, ANN, HERE, "k", replied_picture=picture))
    assert isinstance(answer, Told)
    (shown,) = (await model.arrived("describe")).pictures
    assert (shown.width, shown.height) == ((64, 64) if replied else (96, 32))


async def test_where_there_is_no_picture_it_is_said(tmp_path: Path) -> None:
    async with looking(tmp_path, seeing()) as chat:
        assert (await chat.easel.describe(ANN, HERE)).text == describing.NO_PICTURE


async def test_what_is_no_picture_is_refused_as_everywhere(tmp_path: Path) -> None:
    async with looking(tmp_path, seeing()) as chat:
        with pytest.raises(errors.UnknownType):
            await chat.easel.describe(ANN, HERE, chat.attach(b"%PDF-1.7", "a.pdf"))
        with pytest.raises(errors.Gone):
            await chat.easel.describe(ANN, HERE, PictureRef("nowhere.png"))


# ── by whom ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_it_is_described_in_the_language_of_who_asks(tmp_path: Path) -> None:
    model = ScriptedModel()
    model.answer("describe", "雪地裡坐著一隻紅狐狸，夕陽照在牠的身上。")
    async with looking(tmp_path, model) as chat:
        mei = dataclasses.replace(ANN, locale="zh-TW")
        told = await chat.easel.describe(mei, HERE, chat.attach(png(64, 64)))
    assert told.text.startswith("雪地裡")
    assert "Traditional" in (await model.arrived("describe")).rules


@pytest.mark.parametrize("model", [None, ScriptedModel(sees=False)], ids=["none", "blind"])
async def test_an_engine_describes_where_no_language_model_sees(tmp_path: Path, model: ScriptedModel | None) -> None:
    jpeg = InputRule(formats=("image/jpeg",))
    engine = Seer(can=Capabilities(describe=True, free=True, inputs=jpeg))
    async with looking(tmp_path, model, engine) as chat:
        assert chat.easel.describes
        told = await chat.easel.describe(ANN, HERE, chat.attach(png(64, 64)))
    assert told.text == "a fox, snow, evening"
    assert [each.mime for each in engine.shown] == ["image/jpeg"]


async def test_an_engine_that_goes_on_for_ever_is_cut(tmp_path: Path) -> None:
    async with looking(tmp_path, None, Seer(says="fox " * 5000)) as chat:
        told = await chat.easel.describe(ANN, HERE, chat.attach(png(64, 64)))
    assert len(told.text) <= describing.LONGEST
    assert told.text.endswith("fox…")


async def test_where_nothing_sees_it_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    async with looking(tmp_path, ScriptedModel(sees=False), ScriptedEngine()) as chat:
        assert not chat.easel.describes
        with pytest.raises(errors.CannotDescribe):
            await chat.easel.describe(ANN, HERE, PictureRef("nowhere.png"))


@pytest.mark.parametrize("answer", [NoAnswer("refused"), NoAnswer("late"), NoAnswer("away")], ids=repr)
async def test_a_language_model_that_will_not_describe_a_picture_is_the_last_to_be_asked(
    tmp_path: Path, answer: NoAnswer
) -> None:
    model, engine = ScriptedModel(), Seer()
    model.answer("describe", answer)
    async with looking(tmp_path, model, engine) as chat:
        with pytest.raises(errors.NotDescribed):
            await chat.easel.describe(ANN, HERE, chat.attach(png(64, 64)))
    assert engine.shown == []


@pytest.mark.parametrize(
    ("trouble", "raised"),
    [
        (errors.EngineUnavailable(engine="demo"), errors.EngineUnavailable),
        (errors.EngineBusy(engine="demo"), errors.EngineBusy),
        (errors.BadAnswer(engine="demo"), errors.NotDescribed),
        (TimeoutError(), errors.NotDescribed),
        (" \n", errors.NotDescribed),
    ],
    ids=repr,
)
async def test_an_engine_that_does_not_describe_it(
    tmp_path: Path, trouble: str | Exception, raised: type[errors.BotError]
) -> None:
    async with looking(tmp_path, None, Seer(says=trouble)) as chat:
        with pytest.raises(raised):
            await chat.easel.describe(ANN, HERE, chat.attach(png(64, 64)))
        # and the next one is not kept out
        with pytest.raises(raised):
            await chat.easel.describe(ANN, HERE, chat.attach(png(64, 64)))


# ── how many ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_one_picture_of_a_person_is_looked_at_at_a_time_and_few_of_all(tmp_path: Path) -> None:
    model = seeing()
    people = [Person("local", f"person {number}") for number in range(describing.AT_ONCE)]
    async with looking(tmp_path, model) as chat:
        ref = chat.attach(png(64, 64))
        async with model.holding("describe"):
            asked = [asyncio.create_task(chat.easel.describe(people[0], HERE, ref))]
            await model.arrived("describe")
            assert (await chat.easel.describe(people[0], HERE, ref)).text == describing.ONE_AT_A_TIME
            asked += [asyncio.create_task(chat.easel.describe(each, HERE, ref)) for each in people[1:]]
            await model.arrived("describe", len(people))
            assert (await chat.easel.describe(ANN, HERE, ref)).text == describing.TOO_MANY
        assert {each.text for each in await asyncio.gather(*asked)} == {SAYS}
        assert (await chat.easel.describe(people[0], HERE, ref)).text == SAYS
