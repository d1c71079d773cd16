"""What is asked of a server: all that a task says, in the server's own names, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from bot.drawing import draw
from bot.engines.automatic1111.bodies import Defaults
from bot.engines.automatic1111.engine import Automatic1111Engine
from bot.engines.testing import Recorder, opened, png, sample
from bot.errors import OutOfMemory
from bot.net.client import Http
from bot.net.guard import Guard
from bot.types import Lora, Plan
from tests.support import automatic1111_faults as faults
from tests.support.automatic1111_dialects import CHECKPOINTS, FORGE, KOBOLD, SDCPP, SDNEXT, Dialect
from tests.support.automatic1111_engine import connected, drawn, failure, fox, night
from tests.support.automatic1111_server import Automatic1111Server


@pytest.fixture
async def server() -> AsyncIterator[Automatic1111Server]:
    async with Automatic1111Server() as server:
        yield server


async def sent(server: Automatic1111Server, *, task: dict[str, Any], **options: Any) -> dict[str, Any]:
    """What a task becomes."""
    async with connected(server, **options) as engine:
        await drawn(engine, **task)
    return server.bodies[-1]


async def test_a_task_without_wishes_leaves_the_rest_to_the_server(server: Automatic1111Server) -> None:
    body = await sent(server, task={"seed": None})

    assert body.pop("force_task_id").startswith("task(")
    assert body == {
        "prompt": "a red fox",
        "negative_prompt": "",
        "seed": -1,
        "steps": 20,
        "width": 64,
        "height": 64,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
    }


async def test_all_wishes_are_sent(server: Automatic1111Server) -> None:
    body = await sent(
        server,
        task={
            "negative": "grey",
            "steps": 33,
            "guidance": 4.5,
            "sampler": "euler A",
            "scheduler": "karras",
            "style": "WATERCOLOUR",
            "model": "SD_XL_base_1.0",
            "loras": (Lora("sketch", 0.8), Lora("sketch_v2")),
            "count": 3,
        },
    )

    assert body["prompt"] == "a red fox <lora:sketch_v2:0.8> <lora:sketch_v2:1>"
    assert (body["negative_prompt"], body["steps"], body["cfg_scale"]) == ("grey", 33, 4.5)
    assert (body["sampler_name"], body["scheduler"], body["styles"]) == ("Euler a", "Karras", ["Watercolour"])
    assert body["override_settings"] == {"sd_model_checkpoint": CHECKPOINTS[1]["title"]}
    assert (body["batch_size"], body["n_iter"]) == (3, 1)


async def test_what_the_operator_set_holds_where_a_task_does_not_say(server: Automatic1111Server) -> None:
    defaults = Defaults(steps=8, guidance=1.5, strength=0.3, sampler="Euler", scheduler="exponential")
    options = {"defaults": defaults, "model": "879db523c3"}

    body = await sent(server, task={}, **options)
    assert (body["steps"], body["cfg_scale"], body["sampler_name"]) == (8, 1.5, "Euler")
    assert body["scheduler"] == "Exponential"
    assert body["override_settings"] == {"sd_model_checkpoint": CHECKPOINTS[0]["title"]}

    body = await sent(server, task={"steps": 9, "guidance": 0.0, "sampler": "DPM++ SDE Karras"}, **options)
    assert (body["steps"], body["cfg_scale"]) == (9, 0.0)
    assert (body["sampler_name"], body["scheduler"]) == ("DPM++ SDE", "Karras")


async def test_params_hold_over_everything_but_a_checkpoint_that_was_asked_for(server: Automatic1111Server) -> None:
    params = {"steps": 5, "restore_faces": True, "override_settings": {"CLIP_stop_at_last_layers": 2}}

    body = await sent(server, task={"steps": 30, "model": "dreamshaper_8"}, params=params)

    assert (body["steps"], body["restore_faces"]) == (5, True)
    assert body["override_settings"] == {
        "sd_model_checkpoint": CHECKPOINTS[0]["title"],
        "CLIP_stop_at_last_layers": 2,
    }


async def test_forge_gets_what_it_needs_to_enlarge_while_it_draws() -> None:
    async with Automatic1111Server(FORGE) as server:
        body = await sent(server, task={"guidance": 3.5}, params={"enable_hr": True, "hr_scale": 1.5})

    assert body["hr_additional_modules"] == ["Use same choices"]
    assert body["hr_cfg"] == 3.5


async def test_at_most_so_many_are_drawn_at_once_as_the_operator_says(server: Automatic1111Server) -> None:
    async with connected(server, params={"batch_size": 2}) as engine:
        recorder = await drawn(engine, count=3)

    assert (server.bodies[0]["batch_size"], server.bodies[0]["n_iter"]) == (2, 2)
    assert [picture.seed for picture in recorder.pictures] == [7, 8, 9]


async def test_out_of_memory_pictures_are_drawn_one_after_the_other_from_then_on(server: Automatic1111Server) -> None:
    server.order(faults.OUT_OF_MEMORY)
    async with connected(server) as engine:
        recorder = await drawn(engine, count=3)
        await drawn(engine, count=2)

    assert len(recorder.pictures) == 3
    assert [(body["batch_size"], body["n_iter"]) for body in server.bodies] == [(3, 1), (1, 3), (1, 2)]


async def test_out_of_memory_nothing_is_sent_twice_where_that_costs_or_does_not_help(
    server: Automatic1111Server,
) -> None:
    server.order(faults.OUT_OF_MEMORY, times=2)
    async with connected(server) as engine:
        assert isinstance(await failure(engine), OutOfMemory)
    async with connected(server, corrections={"free": False}) as engine:
        assert isinstance(await failure(engine, count=2), OutOfMemory)

    assert len(server.calls()) == 2


async def test_an_edit_sends_the_picture_and_how_much_of_it_to_change(server: Automatic1111Server) -> None:
    given = sample((64, 64))
    async with connected(server, edit_model="sd_xl_base_1.0", edit_params={"mask_blur": 8}) as engine:
        for strength in (None, 0.2, 0.0):
            await engine.edit(night(given, strength=strength), Recorder().run())
        await engine.edit(night(given, mask=png(given)), Recorder().run())

    assert [body["denoising_strength"] for body in server.bodies[:3]] == [0.75, 0.2, 0.0]
    first, last = server.bodies[0], server.bodies[-1]
    assert (first["resize_mode"], first["include_init_images"]) == (1, False)
    assert first["override_settings"] == {"sd_model_checkpoint": CHECKPOINTS[1]["title"]}
    assert "mask" not in first
    assert len(last["init_images"]) == 1
    assert (last["inpainting_fill"], last["inpaint_full_res"], last["mask_blur"]) == (1, False, 8)


async def test_an_engines_own_strength_holds_for_edits(server: Automatic1111Server) -> None:
    async with connected(server, defaults=Defaults(strength=0.4)) as engine:
        await engine.edit(night(sample((64, 64))), Recorder().run())

    assert server.bodies[0]["denoising_strength"] == 0.4


async def test_a_large_picture_is_sent_whole(server: Automatic1111Server) -> None:
    given = Image.effect_noise((1024, 1024), 90).convert("RGB")
    async with connected(server) as engine:
        recorder = Recorder()
        await engine.edit(night(given, strength=0.0, width=64, height=64), recorder.run())

    assert opened(recorder.pictures[0].data).size == (64, 64)


async def test_a_server_that_draws_one_at_a_time_is_asked_until_all_are_there() -> None:
    plan = Plan(kind="generate", engine="home", prompt="a fox", count=3, width=64, height=64, seed=5)
    recorder = Recorder()
    async with Automatic1111Server(KOBOLD) as server, connected(server) as engine:
        await draw(engine, plan, [], None, recorder.run(), timeout_s=30)

    assert [picture.seed for picture in recorder.pictures] == [5, 6, 7]


MISTAKES = [
    ({"params": {"n_iter": 2}}, "params.n_iter: Easel sets that itself"),
    ({"edit_params": {"force_task_id": "a"}}, "edit_params.force_task_id: Easel sets that itself"),
    ({"params": {"batch_size": 0}}, "params.batch_size: must be a whole number"),
    ({"params": {"a": float("nan")}}, "params: cannot be sent as JSON"),
]


@pytest.mark.parametrize(("options", "problem"), MISTAKES, ids=[problem for _, problem in MISTAKES])
def test_a_mistake_of_the_operators_is_said_when_the_engine_is_made(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Automatic1111Engine("home", Http("http://127.0.0.1:1", Guard(private=True)), **options)


@pytest.mark.parametrize(
    ("model", "side"),
    [
        ("", 1024),
        ("sd_xl_base_1.0", 1024),
        ("v1-5-pruned-emaonly", 512),
        ("sd15_mine", 512),
        ("SD 1.5", 512),
        ("model-v1-50", 1024),
        ("juggernautXL_v1.5", 1024),
    ],
)
def test_a_size_suits_the_checkpoint(model: str, side: int) -> None:
    engine = Automatic1111Engine("home", Http("http://127.0.0.1:1", Guard(private=True)), model=model)

    assert engine.capabilities().sizes.default == (side, side)
    assert engine.capabilities(model or None).sizes.default == (side, side)


def test_a_size_in_the_params_is_the_only_one() -> None:
    engine = Automatic1111Engine(
        "home", Http("http://127.0.0.1:1", Guard(private=True)), params={"width": 768, "height": 512}
    )

    assert engine.capabilities().sizes.fixed == ((768, 512),)


@pytest.mark.parametrize("dialect", [SDNEXT, SDCPP, KOBOLD], ids=lambda dialect: dialect.name)
async def test_a_whole_request_passes_the_smaller_servers(dialect: Dialect) -> None:
    recorder = Recorder()
    async with Automatic1111Server(dialect) as server, connected(server) as engine:
        await engine.generate(fox(count=1, negative="grey", guidance=2, sampler="euler"), recorder.run())

    assert len(recorder.pictures) == 1
