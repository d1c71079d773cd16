"""What a call cost: as the gateway says, else by its tokens; nothing where neither is told or known."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engines.base import Result
from bot.engines.openai import costs
from bot.engines.openai.costs import by_tokens, prices, told
from bot.engines.testing import Recorder, png, sample
from tests.support.engines import png as small_png
from tests.support.openai_engine import change, connected, wanted
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import Reply

TEXT = base64.b64encode(small_png()).decode()
USAGE = {
    "input_tokens": 1_050,
    "input_tokens_details": {"text_tokens": 50, "image_tokens": 1_000},
    "output_tokens": 2_000,
    "output_tokens_details": {"text_tokens": 500, "image_tokens": 1_500},
}


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("gpt-image-2", 50 * 5 + 1_000 * 8 + 2_000 * 30),
        ("gpt-image-2-2026-04-21", 50 * 5 + 1_000 * 8 + 2_000 * 30),
        ("openai/gpt-image-2.5-flare", 50 * 5 + 1_000 * 8 + 2_000 * 30),
        ("gpt-image-1.5", 50 * 5 + 1_000 * 8 + 500 * 10 + 1_500 * 32),
        ("gpt-image-1-mini", 50 * 2 + 1_000 * 2.5 + 2_000 * 8),
    ],
)
def test_tokens_cost_what_the_model_s_tokens_cost(model: str, dollars: float) -> None:
    each = prices(model)

    assert each is not None
    assert by_tokens(USAGE, each) == pytest.approx(dollars / 1_000_000)


@pytest.mark.parametrize("model", ["gpt-image-2.6-sunburst", "gpt-image-3", "gpt-image-1", "dall-e-3", "flux", ""])
def test_a_price_that_is_not_known_is_not_made_up(model: str) -> None:
    assert prices(model) is None


def test_what_is_not_told_apart_counts_as_what_costs_more() -> None:
    each = prices("gpt-image-1.5")

    assert each is not None
    assert by_tokens({"input_tokens": 10, "output_tokens": 100}, each) == pytest.approx((80 + 3_200) / 1_000_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*USAGE, "cost"]), inner, max_size=5),
    max_leaves=12,
)


@given(json_values, st.text() | st.floats().map(str) | st.integers().map(str))
def test_a_cost_is_sensible_or_none_whatever_a_server_reports(usage: Any, header: str) -> None:
    each = prices("gpt-image-2")
    assert each is not None

    for found in (by_tokens(usage, each), told({costs.LITELLM: header}, usage)):
        assert found is None or (math.isfinite(found) and 0 < found <= costs.MOST)


@pytest.mark.parametrize(
    ("header", "dollars"),
    [
        ("0.04", 0.04),
        ("4.2e-05", 4.2e-05),
        (" 1 ", 1.0),
        *((said, None) for said in ("0.0", "0", "None", "", "nan", "inf", "-0.04", "1e9", "1_000", "0x1", "9" * 400)),
    ],
)
def test_reads_what_litellm_says(header: str, dollars: float | None) -> None:
    assert told({costs.LITELLM: header}, None) == dollars


@pytest.mark.parametrize(
    ("cost", "dollars"),
    [(0.0123, 0.0123), (2, 2.0), *((said, None) for said in (0, -1, True, "0.1", math.nan, math.inf, 10**400, None))],
)
def test_reads_what_openrouter_says(cost: object, dollars: float | None) -> None:
    assert told({}, {"cost": cost}) == dollars


async def drawn(answer: Reply | None = None, model: str = "gpt-image-2", **options: Any) -> Result:
    """Return what is said of one picture."""
    async with OpenAIServer() as server:
        engine = connected(server, model, **options)
        if answer is not None:
            server.order(answer)
        result = await engine.generate(wanted(), Recorder().run())
        await engine.aclose()
    return result


def answered(usage: object, **headers: str) -> Reply:
    return Reply.json(200, {"created": 1, "data": [{"b64_json": TEXT}], "usage": usage}, **headers)


@pytest.mark.parametrize("preview", [False, True])
async def test_is_told_of_a_drawing_and_of_a_stream(preview: bool) -> None:
    result = await drawn(corrections={"preview": preview})

    assert result.cost == pytest.approx((12 * 5 + 1056 * 30) / 1_000_000)


async def test_is_told_of_a_change() -> None:
    async with OpenAIServer() as server:
        engine = connected(server)
        result = await engine.edit(change(png(sample((64, 64)))), Recorder().run())
        await engine.aclose()

    assert result.cost == pytest.approx((12 * 5 + 323 * 8 + 1056 * 30) / 1_000_000)


async def test_what_a_gateway_says_holds_before_what_tokens_cost() -> None:
    header = await drawn(answered({**USAGE, "cost": 0.2}, x_litellm_response_cost="0.1"))
    usage = await drawn(answered({**USAGE, "cost": 0.2}))
    nothing = await drawn(answered({**USAGE, "cost": None}, x_litellm_response_cost="0.0"))

    assert [header.cost, usage.cost] == [0.1, 0.2]
    assert nothing.cost == pytest.approx(0.06825)


@pytest.mark.parametrize("usage", [None, {}, [], "many", {"output_tokens": "5"}, {"output_tokens": True}])
async def test_without_a_report_nothing_is_said(usage: object) -> None:
    assert (await drawn(answered(usage))).cost is None


async def test_a_report_that_json_cannot_say_does_not_spoil_the_picture() -> None:
    body = json.dumps({"data": [{"b64_json": TEXT}], "usage": {"cost": math.nan, "output_tokens": math.inf}})

    result = await drawn(Reply(200, body.encode()))

    assert (result.cost, result.facts) == (None, {})


async def test_a_model_without_a_price_costs_what_the_gateway_says() -> None:
    result = await drawn(answered({"total_tokens": 9}, x_litellm_response_cost="0.03"), "gpt-image-2.6-sunburst")

    assert result.cost == 0.03
