"""The local ComfyUI server against what was seen on the real one: files, discovery, who may ask, faults of HTTP."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import aiohttp
import pytest
from PIL import Image

from tests.support import comfyui_faults as faults
from tests.support.comfyui_client import Client, client_of, small
from tests.support.comfyui_files import FileRef
from tests.support.comfyui_server import ComfyUIServer
from tests.support.openai_pictures import drawn, encoded
from tests.support.serving_calls import DROPPED, Reply

ONE, OTHER = encoded(drawn("one", 16, 16), "png"), encoded(drawn("other", 16, 16), "png")


# ── uploads ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_other_bytes_get_another_name_and_the_same_keep_theirs(server: ComfyUIServer, client: Client) -> None:
    async def name(data: bytes, **fields: str) -> str:
        status, answer = await client.post("/upload/image", image=("example.png", data), **fields)
        assert status == 200
        assert set(answer) == {"name", "subfolder", "type"}
        found: str = answer["name"]
        return found

    assert [await name(each) for each in (ONE, ONE, OTHER, OTHER)] == [
        "example.png",
        "example.png",
        "example (1).png",
        "example (1).png",
    ]
    assert await name(OTHER, overwrite="True") == "example (1).png"
    assert await name(OTHER, overwrite="true") == "example.png"
    assert await name(ONE, subfolder="mine") == "example.png"
    assert server.files.all[FileRef("example.png", "mine", "input")] == ONE
    assert server.files.all[FileRef("example.png", "", "input")] == OTHER


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"image": ("a.png", ONE), "subfolder": "../.."}, 400),
    ({"other": "x"}, 400),
    ({"image": ("a.png", ONE), "type": "models"}, 500),
    ({"image": ("", ONE)}, 500),
]


@pytest.mark.parametrize(("form", "status"), REFUSED)
async def test_wrong_uploads_are_refused(client: Client, form: dict[str, Any], status: int) -> None:
    assert (await client.post("/upload/image", **form))[0] == status


async def test_names_beyond_ascii_are_stored_percent_encoded(client: Client) -> None:
    assert (await client.post("/upload/image", image=("füchse.png", ONE)))[1]["name"] == "f%C3%BCchse.png"


async def test_a_mask_is_put_on_a_copy_of_its_original(server: ComfyUIServer, client: Client) -> None:
    await client.post("/upload/image", image=("original.png", ONE))
    half = Image.new("RGBA", (16, 16), (0, 0, 0, 128))

    async def put(**fields: str) -> tuple[int, Any]:
        return await client.post("/upload/mask", image=("masked.png", encoded(half, "png")), **fields)

    status, stored = await put(original_ref=json.dumps({"filename": "original.png", "type": "input"}))
    assert status == 200
    picture = Image.open(io.BytesIO(server.files.all[FileRef(stored["name"], "", "input")]))
    assert picture.getpixel((8, 15)) == (*drawn("one", 16, 16).getpixel((8, 15)), 128)  # type: ignore[misc]

    before = dict(server.files.all)
    lost = {"name": "masked.png", "subfolder": "", "type": "input"}
    assert await put(original_ref=json.dumps({"filename": "gone.png"})) == (200, lost)
    assert server.files.all == before
    assert (await put())[0] == 500


# ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────

VIEWS: list[tuple[dict[str, str], int]] = [
    ({"filename": "one.png"}, 200),
    ({"filename": "one.png", "type": "output", "subfolder": ""}, 200),
    ({"filename": "one.png [output]", "type": "input"}, 200),
    ({"filename": "gone.png"}, 404),
    ({"filename": "one.png", "type": "input"}, 404),
    ({"filename": "one.png", "type": "models"}, 400),
    ({"filename": "../one.png"}, 400),
    ({"filename": "one.png", "subfolder": "../.."}, 403),
    ({}, 404),
]


@pytest.mark.parametrize(("query", "status"), VIEWS)
async def test_views(server: ComfyUIServer, client: Client, query: dict[str, str], status: int) -> None:
    server.files.all[FileRef("one.png")] = ONE
    found, body, headers = await client.fetch("/view", query)

    assert found == status
    if status == 200:
        assert (body, headers["content-type"]) == (ONE, "image/png")


async def test_views_can_be_encoded_anew_without_the_graph(client: Client) -> None:
    saved = (await client.draw(small()))["outputs"]["9"]["images"][0]
    bodies = [
        (await client.fetch("/view", {**saved, **more}))[1] for more in ({"preview": "webp;80"}, {"channel": "rgb"})
    ]
    webp, plain = (Image.open(io.BytesIO(body)) for body in bodies)

    assert webp.format == "WEBP"
    assert (plain.format, plain.info) == ("PNG", {})


async def test_an_undecodable_file_cannot_be_encoded_anew(server: ComfyUIServer, client: Client) -> None:
    server.files.all[FileRef("x.png")] = b"no picture"

    assert (await client.fetch("/view", {"filename": "x.png"}))[:2] == (200, b"no picture")
    assert (await client.fetch("/view", {"filename": "x.png", "preview": "webp"}))[0] == 500


# ── what there is ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_classes_are_described(server: ComfyUIServer, client: Client) -> None:
    await client.post("/upload/image", image=("in.png", ONE))
    everything = await client.get("/object_info")
    sampler = (await client.get("/api/object_info/KSampler"))["KSampler"]

    assert await client.get("/object_info/Nope") == {}
    assert everything["KSampler"] == sampler
    assert everything["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0] == [
        "dreamshaper_8.safetensors",
        "sd_xl_base_1.0.safetensors",
    ]
    assert everything["LoadImage"]["input"]["required"]["image"][0] == ["in.png"]
    assert everything["LoadImage"]["output"] == ["IMAGE", "MASK"]
    assert everything["SaveImage"]["output_node"] is True
    kind, limits = sampler["input"]["required"]["seed"]
    assert (kind, limits["min"], limits["max"]) == ("INT", 0, 2**64 - 1)


async def test_new_versions_write_lists_as_combos() -> None:
    async with ComfyUIServer(version="0.38.1") as server, client_of(server) as client:
        info = await client.get("/object_info/CheckpointLoaderSimple")
        stats = await client.get("/system_stats")

    kind, options = info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"]
    assert (kind, options["options"][0]) == ("COMBO", "dreamshaper_8.safetensors")
    assert stats["system"]["comfyui_version"] == "0.38.1"


async def test_models_features_and_memory(client: Client) -> None:
    assert "checkpoints" in await client.get("/models")
    assert len(await client.get("/models/checkpoints")) == 2
    assert (await client.fetch("/models/nope"))[0] == 404
    assert (await client.get("/features"))["supports_preview_metadata"] is True
    assert (await client.get("/system_stats"))["devices"][0]["vram_total"] > 0
    assert await client.post("/free", {"unload_models": True}) == (200, "")


# ── who may ask ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_credentials_are_wanted_everywhere() -> None:
    secret = aiohttp.encode_basic_auth("me", "secret")
    async with ComfyUIServer(authorization=secret) as server:
        async with client_of(server) as stranger:
            status, body, headers = await stranger.fetch("/queue")
            assert (status, headers["content-type"]) == (401, "text/html")
            assert b"<html>" in body
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await stranger.session.ws_connect(server.url + "/ws?clientId=me")
        async with client_of(server, Authorization=secret) as friend, friend.listening() as ears:
            await friend.draw(small())
            await ears.until("execution_success")


async def test_calls_from_other_pages_are_refused(server: ComfyUIServer, client: Client) -> None:
    assert (await client.fetch("/queue", Origin="https://example.org"))[0] == 403
    assert (await client.fetch("/queue", Origin=server.root))[0] == 200


async def test_it_may_live_below_a_path() -> None:
    async with ComfyUIServer(prefix="/ComfyBackendDirect") as server, client_of(server) as client:
        async with client.listening() as ears:
            entry = await client.draw(small())
            await ears.until("execution_success")
        assert await client.picture(entry)
        assert await client.get("/api/queue")
        async with client.session.get(server.root + "/queue") as answer:
            assert answer.status == 404
        assert {call.path for call in server.calls("GET")} == {"/ws", "/view", "/queue"}


# ── faults of HTTP ──────────────────────────────────────────────────────────────────────────────────────────────

REPLIES = [faults.SERVER_ERROR, faults.BAD_GATEWAY, faults.UNAUTHORIZED, faults.SWARM_SCALING, faults.NOT_FOUND]


@pytest.mark.parametrize("reply", REPLIES)
async def test_any_route_can_be_ordered_to_fail(server: ComfyUIServer, client: Client, reply: Reply) -> None:
    server.order(reply, on="GET /queue", times=2)

    assert [(await client.fetch(path))[:2] for path in ("/queue", "/api/queue")] == [(reply.status, reply.body)] * 2
    assert (await client.fetch("/history"))[0] == (await client.fetch("/queue"))[0] == 200


async def test_prompts_and_uploads_can_be_ordered_to_fail(server: ComfyUIServer, client: Client) -> None:
    server.order(faults.SERVER_ERROR, DROPPED)
    server.order(faults.UPLOAD_TOO_LARGE, on="POST /upload")

    assert (await client.post("/prompt", {"prompt": small()}))[0] == 500
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.submit(small())
    assert (await client.post("/upload/image", image=("a.png", ONE)))[0] == 413
    assert server.submitted == []
    await asyncio.gather(*map(server.ended, server.calls()))
    assert [call.end for call in server.calls()] == ["answered", "dropped"]
