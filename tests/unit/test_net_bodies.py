"""JSON bodies of any size say what was meant, and sizing one up never takes long."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from bot.net.bodies import json_body

if TYPE_CHECKING:
    from _collections_abc import dict_values

LARGE: dict[str, object] = {
    "graph": {
        str(number): {"class_type": "KSampler", "inputs": {"seed": number, "cfg": 7.5}} for number in range(5000)
    },
    "texts": ["x" * 300_000, "🦊\u2028\ud800" * 100_000, "", None, True],
    "empty": [{}, [], ()],
}


async def told(value: object) -> bytes:
    body = await json_body(value)
    assert body is not None
    sent = b"".join([piece async for piece in body])
    assert body.length == len(sent)
    return sent


@pytest.mark.parametrize("value", [LARGE, {"small": LARGE["empty"], "é": 1.5}, "x" * 300_000, [1, 2], "", 0])
async def test_says_what_the_standard_library_says(value: object) -> None:
    assert await told(value) == json.dumps(value, separators=(",", ":")).encode()


async def test_any_mapping_is_a_table() -> None:
    assert await told(MappingProxyType({"a": MappingProxyType({"b": 1})})) == b'{"a":{"b":1}}'


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": object()}, [{"text": "x" * 300_000}, float("inf")]])
async def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        await json_body(value)


async def test_a_giant_is_not_counted_to_its_end_on_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[None] = []

    class Counted(dict[str, object]):
        def values(self) -> dict_values[str, object]:
            looked.append(None)
            return super().values()

    async def elsewhere(size: int, work: object, *args: object) -> bytes:
        return b""

    monkeypatch.setattr("bot.net.bodies.off_loop", elsewhere)
    await json_body([Counted(seed=1) for _ in range(50_000)])
    assert 0 < len(looked) < 5000
