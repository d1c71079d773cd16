"""Names people write are found among what a server has; others are never sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.engines.automatic1111 import lists
from bot.engines.automatic1111.choices import Entry, find, near
from bot.engines.base import Model
from bot.errors import EngineMisconfigured, EngineRejected, UnknownChoice
from bot.types import Lora
from tests.support import automatic1111_faults as faults
from tests.support.automatic1111_dialects import CHECKPOINTS, KOBOLD, SDCPP, SDNEXT
from tests.support.automatic1111_engine import connected, drawn, failure
from tests.support.automatic1111_server import Automatic1111Server
from tests.support.serving_calls import Reply


@pytest.fixture
async def server() -> AsyncIterator[Automatic1111Server]:
    async with Automatic1111Server() as server:
        yield server


async def sent(server: Automatic1111Server, *, task: dict[str, Any], **options: Any) -> dict[str, Any]:
    """What a task becomes."""
    async with connected(server, **options) as engine:
        await drawn(engine, **task)
    return server.bodies[-1]


@pytest.mark.parametrize(
    ("written", "scheduler", "becomes"),
    [
        ("DPM++ 2M Karras", None, ("DPM++ 2M", "Karras")),
        ("dpm++ 2m sde sgm uniform", None, ("DPM++ 2M SDE", "SGM Uniform")),
        ("DPM++ 2M Karras", "exponential", ("DPM++ 2M", "Exponential")),
        ("k_euler_ancestral", None, ("Euler a", None)),
        ("Euler", "SGMUniform", ("Euler", "SGM Uniform")),
    ],
)
async def test_a_sampler_is_taken_apart_from_its_scheduler(
    server: Automatic1111Server, written: str, scheduler: str | None, becomes: tuple[str, str | None]
) -> None:
    body = await sent(server, task={"sampler": written, "scheduler": scheduler})

    assert (body["sampler_name"], body.get("scheduler")) == becomes


async def test_a_sampler_is_taken_apart_though_the_server_does_not_list_schedulers() -> None:
    async with Automatic1111Server(SDNEXT) as server:
        body = await sent(server, task={"sampler": "DPM++ 2M Karras", "scheduler": None})

    assert (body["sampler_name"], body["scheduler"]) == ("DPM++ 2M", "Karras")


UNKNOWN = [
    ("model", {"model": "dreamshaper_9"}, "dreamshaper_8"),
    ("sampler", {"sampler": "Eular"}, "Euler"),
    ("scheduler", {"scheduler": "karas"}, "karras"),
    ("style", {"style": "oil"}, "Watercolour"),
    ("LoRA", {"loras": (Lora("sketch_v1"),)}, "sketch_v2"),
]


@pytest.mark.parametrize(("what", "task", "known"), UNKNOWN, ids=[what for what, _, _ in UNKNOWN])
async def test_a_name_the_server_does_not_have_is_not_sent(
    server: Automatic1111Server, what: str, task: dict[str, Any], known: str
) -> None:
    async with connected(server) as engine:
        error = await failure(engine, **task)

    assert isinstance(error, UnknownChoice)
    assert error.args_["what"] == what
    assert error.args_["known"].split(", ")[0] == known
    assert server.calls() == []


async def test_a_configured_checkpoint_that_is_not_there_is_the_operators_to_put_right(
    server: Automatic1111Server,
) -> None:
    async with connected(server, model="gone") as engine:
        assert isinstance(await failure(engine), EngineMisconfigured)

    assert server.calls() == []


async def test_what_was_added_to_the_server_since_is_found(
    server: Automatic1111Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.engines.automatic1111.lists.AGAIN_S", 0.0)
    async with connected(server) as engine:
        await drawn(engine, sampler="Euler")
        await drawn(engine, sampler="Euler a")
        assert len(server.calls("GET /sdapi/v1/samplers")) == 1

        server.lists["samplers"].append({"name": "UniPC", "aliases": [], "options": {}})
        await drawn(engine, sampler="unipc")

    assert server.bodies[-1]["sampler_name"] == "UniPC"
    assert len(server.calls("GET /sdapi/v1/samplers")) == 2


async def test_a_list_that_is_empty_has_nothing_near(server: Automatic1111Server) -> None:
    server.lists["loras"].clear()

    async with connected(server) as engine:
        error = await failure(engine, loras=(Lora("sketch"),))

    assert isinstance(error, EngineRejected)
    assert error.args_["field"] == "LoRA"


async def test_where_a_server_has_no_list_a_name_is_passed_on_unless_it_is_more_than_a_name() -> None:
    async with Automatic1111Server(KOBOLD) as server, connected(server) as engine:
        await drawn(engine, scheduler="whatever", style="mine", loras=(Lora("sketch", 0.5),))
        body = server.bodies[-1]
        error = await failure(engine, loras=(Lora("a:1> something <lora:b"),))

    assert (body["scheduler"], body["styles"], body["prompt"]) == (
        "whatever",
        ["mine"],
        "a red fox <lora:sketch:0.5>",
    )
    assert isinstance(error, EngineRejected)


async def test_a_server_that_reads_no_tags_is_told_a_loras_file() -> None:
    async with Automatic1111Server(SDCPP) as server:
        body = await sent(server, task={"loras": (Lora("Sketch_v2", 0.5),)})

    assert body["prompt"] == "a red fox"
    assert body["lora"] == [{"path": "sub/sketch_v2.safetensors", "multiplier": 0.5}]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("dreamshaper_8", 0),
        ("DREAMSHAPER_8.safetensors", 0),
        ("dreamshaper_8.safetensors [879db523c3]", 0),
        ("dreamshaper_8.safetensors [000000000000]", 0),
        ("/elsewhere/dreamshaper_8.ckpt", 0),
        (" sd_xl_base_1.0 ", 1),
        ("31e35c80fc", 1),
        ("31E35C", 1),
        ("31e3", None),
        ("", None),
        ("dream", None),
    ],
)
def test_a_checkpoint_is_known_by_each_of_its_names(wanted: str, found: int | None) -> None:
    entries = [lists._model(each) for each in CHECKPOINTS]

    assert find(wanted, entries) is (None if found is None else entries[found])


def test_the_very_name_comes_before_one_in_another_case() -> None:
    entries = [Entry("EULER"), Entry("euler", also=("Euler",))]

    assert find("euler", entries) is entries[1]
    assert find("Euler", entries) is entries[1]
    assert find("eULER", entries) is entries[0]


def test_a_model_in_a_folder_is_found_on_every_system() -> None:
    entries = [Entry("SDXL\\Base.safetensors"), Entry("flux/dev")]

    assert find("base", entries) is entries[0]
    assert find("dev", entries) is entries[1]


def test_the_nearest_names_come_first_and_only_some() -> None:
    entries = [Entry(f"other {number}") for number in range(20)] + [Entry("Euler a"), Entry("Euler")]

    assert near("eular", entries).split(", ") == ["Euler", "Euler a"]
    assert near("uler a", entries).startswith("Euler a, Euler")
    assert near("nothing like it at all", entries).count(",") == 4
    assert near("x" * 10_000, []) == ""


@pytest.mark.parametrize(
    "rows", [{"detail": "x"}, "x", [1, None], [{"name": ""}], [{"name": 7}], [{"name": "a\nb"}], [{}]], ids=repr
)
async def test_nonsense_in_a_list_is_left_out(server: Automatic1111Server, rows: object) -> None:
    server.order(Reply.json(200, rows), on="GET /sdapi/v1/samplers")

    async with connected(server) as engine:
        assert not [each for each in await engine.models() if each.kind == "sampler"]


async def test_everything_that_has_a_name_is_listed(server: Automatic1111Server) -> None:
    async with connected(server) as engine:
        found = {(each.kind, each.id) for each in await engine.models()}

    assert {("model", "dreamshaper_8"), ("sampler", "DPM++ 2M"), ("scheduler", "karras")} < found
    assert {("style", "Watercolour"), ("lora", "sketch_v2"), ("upscaler", "R-ESRGAN 4x+")} < found
    assert not {name for _, name in found} & {"None", "--- mine ---", ""}


async def test_a_server_without_the_api_has_no_models() -> None:
    async with Automatic1111Server() as server, connected(server) as engine:
        server.order(faults.NO_API, on="GET /sdapi/v1/", times=50)

        with pytest.raises(EngineMisconfigured, match="--api"):
            await engine.models()


async def test_the_configured_checkpoint_is_offered_where_there_is_no_list(server: Automatic1111Server) -> None:
    server.order(faults.NO_API, on="GET /sdapi/v1/sd-models")

    async with connected(server, model="mine") as engine:
        assert (await engine.models())[0] == Model("mine")
