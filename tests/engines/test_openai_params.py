"""Parameters of the operator's: what a known model surely refuses is told at the start, all else goes through."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import Recorder, png, sample
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support.openai_engine import change, connected, wanted
from tests.support.openai_models import MODELS
from tests.support.openai_server import OpenAIServer

REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("gpt-image-2", "params", {"background": "transparent", "output_format": "jpeg"}, r"background: transparent can"),
    ("gpt-image-2", "params", {"output_compression": 80}, r"output_compression: holds for jpeg and webp only"),
    ("gpt-image-2", "params", {"output_compression": 101, "output_format": "webp"}, r"output_compression: must be a"),
    ("gpt-image-2", "params", {"output_compression": True, "output_format": "webp"}, r"output_compression: must be"),
    ("gpt-image-2", "params", {"quality": "hd"}, r"quality: must be one of auto, low, medium, high for gpt-image-2$"),
    ("azure/GPT-image-2", "params", {"quality": "max"}, r"quality: must be one of"),
    ("gpt-image-2-2026-04-21", "params", {"quality": "xhigh"}, r"quality: must be one of"),
    ("gpt-image-2", "params", {"moderation": "none"}, r"moderation: must be one of auto, low"),
    ("gpt-image-2", "params", {"partial_images": 3}, r"partial_images: Easel sets that itself"),
    ("gpt-image-2", "edit_params", {"input_fidelity": "high"}, r"input_fidelity: gpt-image-2 does not take it"),
    ("gpt-image-1-mini", "edit_params", {"input_fidelity": "high"}, r"input_fidelity: must be one of low"),
    ("gpt-image-1.5", "params", {"input_fidelity": "low"}, r"input_fidelity: belongs into edit_params"),
    ("dall-e-3", "params", {"output_format": "png"}, r"output_format: dall-e-3 does not take it"),
    ("dall-e-3", "params", {"quality": "high"}, r"quality: must be one of standard, hd"),
    ("dall-e-2", "edit_params", {"background": "opaque"}, r"background: dall-e-2 does not take it"),
    ("dall-e-2", "params", {"quality": "hd"}, r"quality: must be one of standard"),
]
TAKEN: list[tuple[str, str, dict[str, Any]]] = [
    ("gpt-image-2", "params", {"background": "transparent", "output_format": "webp", "output_compression": 80}),
    ("gpt-image-2", "params", {"background": "transparent", "quality": None, "moderation": "low"}),
    ("gpt-image-2.5-flare", "edit_params", {"quality": "max", "output_format": "jpeg", "output_compression": 0}),
    ("gpt-image-1.5", "edit_params", {"input_fidelity": "high"}),
    ("gpt-image-2.6-sunburst", "params", {"quality": "ultra"}),
    ("gpt-image-3", "params", {"quality": "ultra", "background": "transparent", "output_format": "jpeg"}),
    ("flux", "params", {"quality": "hd", "seed": 5, "output_compression": 50}),
    ("gpt-image-2", "params", {"complexity": "high", "style": "vivid"}),
]


def at(model: str, **options: Any) -> OpenAIEngine:
    """Return an engine that is never connected."""
    return OpenAIEngine("cloud", Http("http://127.0.0.1:1/v1", Guard(private=True)), model=model, **options)


@pytest.mark.parametrize(("model", "setting", "params", "problem"), REFUSED)
def test_what_a_model_surely_refuses_is_told_at_the_start(
    model: str, setting: str, params: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=rf"^{setting}\.{problem}"):
        at(model, **{setting: params})


@pytest.mark.parametrize(("model", "setting", "params"), TAKEN)
def test_anything_else_goes_through(model: str, setting: str, params: dict[str, Any]) -> None:
    assert at(model, **{setting: params}).id == "cloud"


def test_each_kind_of_call_is_judged_by_its_own_model() -> None:
    at("dall-e-3", edit_model="gpt-image-1.5", params={"quality": "hd"}, edit_params={"input_fidelity": "high"})

    with pytest.raises(ValueError, match=r"^edit_params\.quality"):
        at("dall-e-3", edit_model="gpt-image-1.5", edit_params={"quality": "hd"})


@pytest.mark.parametrize("model", MODELS)
async def test_what_is_let_through_for_a_model_it_takes(model: str) -> None:
    params = {"quality": "high", "background": "transparent", "output_format": "webp", "output_compression": 80}
    async with OpenAIServer() as server:
        engine, recorder = connected(server, model, params=params, edit_params=params), Recorder()
        await engine.generate(wanted(), recorder.run())
        await engine.edit(change(png(sample((64, 64)))), recorder.run())
        await engine.aclose()

    assert (len(recorder.pictures), len(server.calls())) == (2, 2)


async def test_what_a_person_asks_for_is_sent_where_the_operator_says_that_the_server_takes_it() -> None:
    names = ("seed", "num_inference_steps", "guidance_scale", "negative_prompt")
    supported = {"seed": True, "steps": True, "guidance": True, "negative": True}
    asked: dict[str, Any] = {"seed": 0, "steps": 12, "guidance": 0.0, "negative": "blur"}
    async with OpenAIServer(also=frozenset(names)) as server:
        engine, recorder = connected(server, steps=30, guidance=4.5, corrections=supported), Recorder()
        plain = connected(server)
        await engine.generate(wanted(**asked), recorder.run())
        await engine.generate(wanted(count=2, seed=3), recorder.run())
        await engine.edit(change(png(sample((64, 64))), seed=7), recorder.run())
        await plain.generate(wanted(**asked), recorder.run())
        await engine.aclose()
        await plain.aclose()

    sent = [{name: call.fields[name] for name in names if name in call.fields} for call in server.calls()]
    assert sent == [
        {"seed": 0, "num_inference_steps": 12, "guidance_scale": 0.0, "negative_prompt": "blur"},
        {"seed": 3, "num_inference_steps": 30, "guidance_scale": 4.5},
        {"seed": "7", "num_inference_steps": "30", "guidance_scale": "4.5"},
        {},
    ]
    assert [picture.seed for picture in recorder.pictures] == [0, None, None, 7, None]
