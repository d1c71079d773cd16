"""What a server answers is read in all its forms: pictures, their seeds, and what is told of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.engines.automatic1111 import answers
from bot.engines.base import UpscaleTask
from bot.engines.testing import Recorder, opened, png, sample
from bot.errors import BadAnswer, EngineBusy, EngineError, EngineMisconfigured, UnknownChoice
from bot.pictures.inspect import sniff
from tests.support import automatic1111_faults as faults
from tests.support.automatic1111_dialects import FORGE, KOBOLD, SDCPP, SDNEXT, Dialect
from tests.support.automatic1111_engine import connected, drawn, fox
from tests.support.automatic1111_faults import Twist
from tests.support.automatic1111_server import Automatic1111Server
from tests.support.serving_calls import Order, Reply


@pytest.fixture
async def server() -> AsyncIterator[Automatic1111Server]:
    async with Automatic1111Server() as server:
        yield server


@pytest.mark.parametrize(
    "order", [faults.GRID, faults.MAPS, Twist(grid=True, maps=3), faults.TABLE_INFO, faults.DATA_URL], ids=repr
)
async def test_only_the_pictures_are_handed_over_each_with_its_seed(server: Automatic1111Server, order: Order) -> None:
    async with connected(server) as engine:
        plain = await drawn(engine, count=2)
        server.order(order)
        recorder = await drawn(engine, count=2)

    assert [picture.data for picture in recorder.pictures] == [picture.data for picture in plain.pictures]
    assert [picture.seed for picture in recorder.pictures] == [7, 8]


@pytest.mark.parametrize("order", [faults.NO_INFO, faults.BROKEN_INFO], ids=["empty", "broken"])
async def test_where_nothing_is_told_the_seeds_asked_for_hold(server: Automatic1111Server, order: Order) -> None:
    server.order(order, times=2)
    async with connected(server, model="dreamshaper_8") as engine:
        recorder, unasked = await drawn(engine, count=2), await drawn(engine, seed=None)

    assert [picture.seed for picture in recorder.pictures] == [7, 8]
    assert [picture.seed for picture in unasked.pictures] == [None]


async def test_the_seed_a_server_chose_is_told(server: Automatic1111Server) -> None:
    async with connected(server) as engine:
        first = await drawn(engine, seed=None)
        seed = first.pictures[0].seed
        again = await drawn(engine, seed=seed)

    assert seed is not None
    assert again.pictures[0].data == first.pictures[0].data


async def test_more_pictures_than_asked_for_are_left_out(server: Automatic1111Server) -> None:
    server.order(Twist(maps=3, info=""))

    async with connected(server) as engine:
        assert len((await drawn(engine, count=2)).pictures) == 2


async def test_pictures_are_known_by_their_bytes() -> None:
    async with Automatic1111Server(SDNEXT) as server, connected(server) as engine:
        (picture,) = (await drawn(engine)).pictures

    assert sniff(picture.data) == "JPEG"


async def test_a_black_picture_is_handed_over_as_it_is(server: Automatic1111Server) -> None:
    server.order(faults.BLACK)

    async with connected(server) as engine:
        (image,) = (await drawn(engine)).images

    assert image.getextrema() == ((0, 0),) * 3


async def test_what_drew_is_told_though_another_was_asked_for(server: Automatic1111Server) -> None:
    """Many builds of Forge ignored what a single request said of the checkpoint."""
    server.order(Twist(model="dreamshaper_8"))

    async with connected(server) as engine:
        result = await engine.generate(fox(model="sd_xl_base_1.0", sampler="Euler", steps=9), Recorder().run())

    assert result.model == "dreamshaper_8"
    assert result.facts["sampler_name"] == "Euler"
    assert result.facts["steps"] == 9
    assert result.revised_prompt is None


async def test_a_prompt_that_was_filled_in_is_told(server: Automatic1111Server) -> None:
    info = '{"prompt": "a red fox, watercolour", "all_seeds": [true], "steps": true, "sd_model_name": ""}'
    async with connected(server, model="dreamshaper_8") as engine:
        picture = "iVBORw0KGgo="
        server.order(Reply.json(200, {"images": [picture], "info": info}))
        result = await engine.generate(fox(), Recorder().run())

    assert result.revised_prompt == "a red fox, watercolour"
    assert result.model == "dreamshaper_8"
    assert "steps" not in result.facts


def test_what_comes_behind_fewer_pictures_than_asked_for_is_none_of_them() -> None:
    value = {"images": ["YQ==", "Yg==", "Yw=="], "info": {"all_seeds": [5]}}

    assert [picture.data for picture in answers.drawing("home", value, 3, 5).pictures] == [b"a"]


@pytest.mark.parametrize("value", [None, [], "x", {}, {"images": "x"}, {"images": {"a": 1}}], ids=repr)
def test_what_is_no_answer_is_said_to_be_none(value: object) -> None:
    with pytest.raises(BadAnswer):
        answers.drawing("home", value, 1, None)


@pytest.mark.parametrize("info", ["[1]", "7", "null", "[" * 100_000, {"index_of_first_image": 99}, {"all_seeds": "x"}])
def test_whatever_info_is_the_pictures_are_there(info: object) -> None:
    assert len(answers.drawing("home", {"images": ["aGVsbG8="] * 2, "info": info}, 2, 3).pictures) == 2


# ── larger, and in words ────────────────────────────────────────────────────────────────────────────────────────


def larger(model: str | None = None) -> UpscaleTask:
    """A picture of 32 × 16 pixels to be made four times as large."""
    return UpscaleTask(picture=png(sample((32, 16))), width=128, height=64, model=model)


@pytest.mark.parametrize(
    ("asked", "taken"), [(None, "R-ESRGAN 4x+"), ("lanczos", "Lanczos"), ("4X-ultrasharp", "4x-UltraSharp")]
)
async def test_a_picture_is_made_larger(server: Automatic1111Server, asked: str | None, taken: str) -> None:
    recorder = Recorder()
    async with connected(server) as engine:
        result = await engine.upscale(larger(asked), recorder.run())

    assert result.model == taken
    assert server.calls("extra-single-image")[0].fields["upscaler_1"] == taken
    assert opened(recorder.pictures[0].data).size == (128, 64)


async def test_an_upscaler_the_server_does_not_have_is_not_sent(server: Automatic1111Server) -> None:
    async with connected(server) as engine:
        for asked in ("ultrasharp", "None"):
            with pytest.raises(UnknownChoice) as caught:
                await engine.upscale(larger(asked), Recorder().run())
            assert caught.value.args_["what"] == "upscaler"

    assert server.calls("extra-single-image") == []


@pytest.mark.parametrize(("dialect", "kind"), [(SDNEXT, EngineError), (SDCPP, EngineMisconfigured)])
async def test_where_nothing_can_be_made_larger_it_is_said(dialect: Dialect, kind: type[EngineError]) -> None:
    async with Automatic1111Server(dialect) as server, connected(server) as engine:
        with pytest.raises(kind) as caught:
            await engine.upscale(larger(), Recorder().run())

    assert "somebody" not in caught.value.detail


@pytest.mark.parametrize(
    "reply", [Reply.json(200, {"html_info": ""}), Reply.json(200, []), Reply.json(200, {"image": "!"})], ids=repr
)
async def test_no_larger_picture_is_a_failure(server: Automatic1111Server, reply: Reply) -> None:
    server.order(reply, on="extra-single-image")

    async with connected(server) as engine:
        with pytest.raises(BadAnswer):
            await engine.upscale(larger(), Recorder().run())


@pytest.mark.parametrize("dialect", [FORGE, SDNEXT], ids=lambda dialect: dialect.name)
async def test_a_picture_is_described(dialect: Dialect) -> None:
    async with Automatic1111Server(dialect) as server, connected(server) as engine:
        assert await engine.describe(png(sample((32, 16)))) == "a picture of 32 by 16, by nobody"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (faults.NO_API, EngineMisconfigured),
        (faults.TOO_MANY, EngineBusy),
        (faults.HTML_LOGIN, BadAnswer),
        (Reply.json(200, {"caption": "<error>"}), BadAnswer),
        (Reply.json(200, {"caption": None}), BadAnswer),
    ],
)
async def test_where_nothing_is_said_of_a_picture_that_is_a_failure(
    server: Automatic1111Server, reply: Reply, kind: type[EngineError]
) -> None:
    server.order(reply, on="interrogate")

    async with connected(server) as engine:
        with pytest.raises(kind):
            await engine.describe(png(sample((32, 16))))


async def test_nothing_describes_on_kobold_without_a_model_for_it() -> None:
    async with Automatic1111Server(KOBOLD) as server, connected(server) as engine:
        server.order(faults.NO_API, on="interrogate")
        with pytest.raises(EngineMisconfigured, match="describe = false"):
            await engine.describe(png(sample((32, 16))))
