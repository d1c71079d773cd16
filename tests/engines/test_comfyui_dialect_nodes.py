"""The local ComfyUI server against what was seen on the real one: what its nodes do with pictures."""

from __future__ import annotations

import io
import json
from typing import Any

from PIL import Image

from tests.support import comfyui_faults as faults
from tests.support.comfyui_client import Client, small
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import EDIT, GENERATE, IMAGE, INPAINT, LATENT, MASK, PROMPT, SAMPLER, SAVE, graph
from tests.support.openai_pictures import drawn, encoded


def inputs(nodes: dict[str, Any], node: str) -> dict[str, Any]:
    found: dict[str, Any] = nodes[node]["inputs"]
    return found


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


async def test_sizes_are_floored_and_batches_drawn(client: Client) -> None:
    entry = await client.draw(small(width=100, height=60, batch_size=2))
    pictures = [opened(await client.picture(entry, number=number)) for number in (0, 1)]

    assert [each.size for each in pictures] == [(96, 56)] * 2
    assert pictures[0].tobytes() != pictures[1].tobytes()
    assert [each["filename"] for each in entry["outputs"][SAVE]["images"]] == [
        "easel_00001_.png",
        "easel_00002_.png",
    ]


async def test_pictures_tell_the_whole_graph(client: Client) -> None:
    workflow = {"nodes": [], "folder": "/srv/private"}
    nodes = small(7, text="a secret wish")
    entry = await client.draw(nodes, extra_data={"extra_pnginfo": {"workflow": workflow}})
    texts = opened(await client.picture(entry)).info

    assert json.loads(texts["prompt"]) == nodes
    assert json.loads(texts["workflow"]) == workflow


async def test_words_and_seeds_change_the_picture(client: Client) -> None:
    changes: list[dict[str, Any]] = [{}, {"seed": 8}, {"text": "another"}]
    drawings = [opened(await client.picture(await client.draw(small(**{"seed": 7, **each})))) for each in changes]

    assert len({each.tobytes() for each in drawings}) == 3


async def test_an_edit_keeps_what_its_strength_leaves(client: Client) -> None:
    before = drawn("before", 64, 64)
    _, stored = await client.post("/upload/image", image=("before.png", encoded(before, "png")))
    common = {"image": stored["name"], "width": 64, "height": 64, "steps": 1}
    kept = opened(await client.picture(await client.draw(graph(EDIT, denoise=0.0, **common))))
    changed = await client.draw(graph(EDIT, denoise=1.0, amount=2, **common))

    assert kept.tobytes() == before.tobytes()
    assert opened(await client.picture(changed)).tobytes() != before.tobytes()
    assert len(changed["outputs"][SAVE]["images"]) == 2


async def test_only_what_is_transparent_in_the_mask_is_drawn_anew(client: Client) -> None:
    before = drawn("before", 64, 64)
    alpha = Image.new("L", (64, 64), 255)
    alpha.paste(0, (0, 0, 32, 64))
    mask = Image.new("RGBA", (64, 64))
    mask.putalpha(alpha)
    for name, picture in (("before.png", before), ("mask.png", mask)):
        await client.post("/upload/image", image=(name, encoded(picture, "png")))
    nodes = graph(INPAINT, denoise=1.0, steps=1)
    inputs(nodes, IMAGE)["image"], inputs(nodes, MASK)["image"] = "before.png", "mask.png"
    after = opened(await client.picture(await client.draw(nodes)))

    left, right = (0, 0, 32, 64), (32, 0, 64, 64)
    assert after.crop(right).tobytes() == before.crop(right).tobytes()
    assert after.crop(left).tobytes() != before.crop(left).tobytes()


async def test_transparency_of_a_loaded_picture_is_its_mask_inverted(client: Client) -> None:
    picture = drawn("before", 64, 64).convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 64, 32))
    await client.post("/upload/image", image=("cut.png", encoded(picture, "png")), subfolder="mine")
    nodes = graph(INPAINT, denoise=1.0, steps=1, image="mine/cut.png")
    nodes["14"]["inputs"]["mask"] = [IMAGE, 1]
    after = opened(await client.picture(await client.draw(nodes)))

    lower = (0, 32, 64, 64)
    assert after.crop(lower).tobytes() == picture.convert("RGB").crop(lower).tobytes()


async def test_a_changed_file_is_noticed_and_a_broken_one_fails_late(client: Client) -> None:
    nodes = graph(EDIT, width=64, height=64, steps=1, denoise=0.0, image="in.png")
    pictures = []
    for words in ("one", "two"):
        file = "in.png", encoded(drawn(words, 64, 64), "png")
        await client.post("/upload/image", image=file, overwrite="true")
        pictures.append(opened(await client.picture(await client.draw(nodes))).tobytes())
    await client.post("/upload/image", image=("in.png", b"no picture"), overwrite="true")
    entry = await client.draw(nodes)

    assert pictures == [drawn(words, 64, 64).tobytes() for words in ("one", "two")]
    event, about = entry["status"]["messages"][-1]
    assert (event, about["node_id"]) == ("execution_error", IMAGE)
    assert about["exception_type"] == "PIL.UnidentifiedImageError"


async def test_a_graph_without_a_model_and_a_preview(client: Client) -> None:
    nodes = {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": 16, "height": 24, "batch_size": 1, "color": 0xFF8000},
        },
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    entry = await client.draw(nodes)
    picture = opened(await client.picture(entry, "2"))

    assert (picture.size, picture.getpixel((0, 0))) == ((16, 24), (255, 128, 0))
    assert entry["outputs"]["2"]["images"][0]["type"] == "temp"


async def test_leaving_the_output_folder_fails(client: Client) -> None:
    inside = await client.draw(small(1, filename_prefix="people/me/fox"))
    outside = await client.draw(small(2, filename_prefix="../fox"))

    assert inside["outputs"][SAVE]["images"] == [
        {"filename": "fox_00001_.png", "subfolder": "people/me", "type": "output"}
    ]
    event, about = outside["status"]["messages"][-1]
    assert (event, about["exception_type"]) == ("execution_error", "Exception")


async def test_a_black_picture_is_black(server: ComfyUIServer, client: Client) -> None:
    server.order(faults.BLACK)
    assert opened(await client.picture(await client.draw(small()))).getextrema() == ((0, 0),) * 3


def test_the_workflows_have_the_nodes_that_are_named() -> None:
    generate, edit, inpaint = graph(GENERATE, seed=9), graph(EDIT), graph(INPAINT)

    assert inputs(generate, SAMPLER)["seed"] == 9
    assert {"width", "height", "batch_size"} == set(inputs(generate, LATENT))
    assert all("text" in inputs(nodes, PROMPT) for nodes in (generate, edit, inpaint))
    assert [nodes[IMAGE]["class_type"] for nodes in (edit, inpaint)] == ["LoadImage"] * 2
    assert inputs(inpaint, MASK)["channel"] == "alpha"
