"""Azure's addresses are understood in every way operators copy them, and mistakes are told at the start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from bot.engines.making import TYPES
from bot.engines.openai.layout import OPENAI, Azure, Layout, azure
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings

V = "2025-04-01-preview"
X = "https://x.openai.azure.com"
IN_PATH = Layout(azure=True, in_path=True)
PAINTER = Layout(azure=True, in_path=True, deployment="house-painter")
V1 = Layout(azure=True)
WRITTEN: list[tuple[str, str, Azure]] = [
    (X, V, Azure(f"{X}/openai", V, IN_PATH)),
    (f"{X}/", V, Azure(f"{X}/openai", V, IN_PATH)),
    (f"{X}/openai", V, Azure(f"{X}/openai", V, IN_PATH)),
    (f"{X}/openai/", V, Azure(f"{X}/openai", V, IN_PATH)),
    (f"{X}/openai/deployments", V, Azure(f"{X}/openai", V, IN_PATH)),
    (f"{X}/openai/deployments/", V, Azure(f"{X}/openai", V, IN_PATH)),
    (f"{X}/openai/deployments/house-painter", V, Azure(f"{X}/openai", V, PAINTER)),
    (f"{X}/openai/deployments/house-painter/", V, Azure(f"{X}/openai", V, PAINTER)),
    (f"{X}/openai/deployments/house-painter/images/generations", V, Azure(f"{X}/openai", V, PAINTER)),
    (f"{X}/openai/deployments/house%2Dpainter/images/edits?api-version={V}", "", Azure(f"{X}/openai", V, PAINTER)),
    (f"{X}/openai/deployments/house-painter/images?api-version={V}", V, Azure(f"{X}/openai", V, PAINTER)),
    (f"{X}/?api-version={V}", "", Azure(f"{X}/openai", V, IN_PATH)),
    (f"{X}/openai/v1", "", Azure(f"{X}/openai/v1", "", V1)),
    (f"{X}/openai/v1/", "v1", Azure(f"{X}/openai/v1", "", V1)),
    (f"{X}/openai/v1/images/generations?api-version=preview", "", Azure(f"{X}/openai/v1", "preview", V1)),
    (X, "v1", Azure(f"{X}/openai/v1", "", V1)),
    (f"{X}/openai", "v1", Azure(f"{X}/openai/v1", "", V1)),
    (X, "preview", Azure(f"{X}/openai", "preview", IN_PATH)),
    ("https://x.services.ai.azure.com/openai/v1", "", Azure("https://x.services.ai.azure.com/openai/v1", "", V1)),
    ("http://gateway:4000/llm", V, Azure("http://gateway:4000/llm/openai", V, IN_PATH)),
]


@pytest.mark.parametrize(("address", "version", "understood"), WRITTEN)
def test_understands_an_address_however_it_is_written(address: str, version: str, understood: Azure) -> None:
    assert azure(address, version) == understood


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://api.openai.com/v1",
        "https://api.groq.com/openai/v1",
        "http://127.0.0.1:4000",
        "https://openai.azure.com.example/openai/v1",
        "https://notopenai.azure.example",
        "http://host/v1?key=secret",
    ],
)
def test_leaves_every_other_address_alone(address: str) -> None:
    assert azure(address, "") is None


def test_paths_name_what_they_should() -> None:
    assert OPENAI.path("/images/edits", "flux") == V1.path("/images/edits", "flux") == "/images/edits"
    assert IN_PATH.path("/images/edits", "a b/c") == "/deployments/a%20b%2Fc/images/edits"
    assert PAINTER.path("/images/edits", "gpt-image-2") == "/deployments/house-painter/images/edits"


MISTAKES: list[tuple[Mapping[str, Any], str]] = [
    ({"urls": [X]}, "api_version: is needed for an address of Azure's that does not end in /openai/v1"),
    ({"urls": [f"{X}/openai/deployments/x"]}, "api_version: is needed"),
    ({"api_version": V}, "api_version: set means Azure, whose address has to stand in urls"),
    ({"urls": [f"{X}/openai/v1"], "api_version": V}, f"api_version: {V} does not go with /openai/v1"),
    ({"urls": [f"{X}?api-version=2024-02-01"], "api_version": V}, "api_version: is not the one in the address"),
    ({"urls": [f"{X}/openai/v1/deployments/x"], "api_version": "v1"}, "urls: /openai/v1 and /deployments/"),
    ({"urls": [f"{X}/openai/deployments/x"], "api_version": V, "edit_model": "y"}, "edit_model: the address names one"),
    ({"urls": [X], "api_version": V, "model": ""}, "model: is needed"),
    ({"urls": [X], "api_version": V, "model": ".."}, "model: a deployment needs a name"),
    ({"urls": [X], "api_version": V, "edit_model": "."}, "edit_model: a deployment needs a name"),
    ({"urls": [X], "api_version": V, "api_key": "sk-sécret"}, "api_key: header api-key: only printable ASCII"),
    (
        {"urls": [X], "api_version": V, "api_key": "sk-secret", "headers": {"Api-Key": "sk-secret"}},
        "api_key: cannot be used together with a header api-key",
    ),
    ({"urls": [X], "api_version": V, "params": {"quality": "hd"}, "model": "our-gpt-image-2"}, "params.quality: must"),
    ({"steps": 30}, "steps: needs supports.steps = true"),
    ({"strength": 0.5}, "strength: the images API has no such thing"),
    ({"sampler": "Euler"}, "sampler: the images API has no such thing"),
    ({"supports": {"upscale": True}}, "supports.upscale: cannot be true"),
]


@pytest.mark.parametrize(("settings", "problem"), MISTAKES)
def test_a_mistake_is_one_line(settings: Mapping[str, Any], problem: str) -> None:
    given = EngineSettings.model_validate({"type": "openai", "model": "gpt-image-2", **settings})

    with pytest.raises(ValueError, match=f"^{re.escape(problem)}") as caught:
        TYPES["openai"].make("cloud", given, Sandbox())

    assert "sk-" not in str(caught.value)


def test_a_deployment_in_the_address_is_model_enough() -> None:
    given = {"type": "openai", "urls": [f"{X}/openai/deployments/gpt-image-2/images/generations?api-version={V}"]}
    engine = TYPES["openai"].make("cloud", EngineSettings.model_validate(given), Sandbox())

    assert engine.capabilities().max_inputs == 16
