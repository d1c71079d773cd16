"""Each mistake in an engine's settings is one plain line, and never shows a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.engines.registry import Registry
from bot.errors import ConfigError
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings

MISTAKES: list[tuple[Mapping[str, Any], str]] = [
    ({"supports": {"sizes": []}}, "supports.sizes: must hold a size"),
    ({"headers": {"X Y": "a"}}, "headers: header 'X Y': no name"),
    ({"headers": {"X-Key": "sk-sécret"}}, "headers: header X-Key: only printable ASCII"),
    ({"headers": {"Transfer-Encoding": "chunked"}}, "headers: header Transfer-Encoding: belongs to each"),
    ({"headers": {"authorization": "sk-secret"}, "api_key": "sk-secret"}, "api_key: cannot be used together with"),
    ({"api_key": "sk-secret\u200b"}, "api_key: header Authorization: only printable ASCII"),
    ({"api_key": "sk-secret", "auth": "a:b"}, "auth: cannot be used together with api_key"),
    ({"urls": ["http://host/v1?key=sk-secret"]}, "urls: the address of a server has no query"),
    ({"urls": ["http://a\u2028.b"]}, "urls: "),
    ({"model": ""}, "model: is needed"),
    ({"params": {"a": float("nan")}}, "params: cannot be sent as JSON"),
    ({"params": {"output_format": "svg"}}, "params.output_format: must be one of png, jpeg, webp"),
    ({"edit_params": {"output_format": "gif"}}, "edit_params.output_format: must be one of png, jpeg, webp"),
    ({"api_version": "2026-01-01"}, "api_version: "),
    ({"type": "comfyui"}, "urls: is missing"),
    ({"type": "comfyui", "urls": ["http://a"], "params": {"steps": 5}}, "params: a workflow has its own values"),
]


@pytest.mark.parametrize(("settings", "problem"), MISTAKES, ids=[problem for _, problem in MISTAKES])
async def test_a_mistake_is_one_line(settings: Mapping[str, Any], problem: str) -> None:
    given = EngineSettings.model_validate({"type": "openai", "model": "gpt-image-2", **settings})

    async with Sandbox() as sandbox:
        with pytest.raises(ConfigError) as caught:
            Registry.build({"cloud": given}, sandbox)

    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"engines.cloud.{problem}")
    assert "sk-" not in line


async def test_several_addresses_are_a_pool() -> None:
    given = EngineSettings.model_validate(
        {"type": "openai", "model": "gpt-image-2", "urls": ["http://a/v1", "http://b/v1/"], "slots": 3}
    )
    async with Sandbox() as sandbox:
        engines = Registry.build({"cloud": given}, sandbox)
        pool = engines.configured("cloud").pool
        assert pool.room() == {"http://a/v1": 3, "http://b/v1": 3}
        assert len(set(map(id, pool.engines.values()))) == 2
        await engines.aclose()
