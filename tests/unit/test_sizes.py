"""Sizes: what people write, and the legal size nearest to it."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.errors import UnknownSize
from bot.sizes import LANDSCAPE, PORTRAIT, SQUARE, Aspect, Exact, Size, SizeRule, fit, keep_aspect, parse_size

MEGA = 1024 * 1024
ANY = SizeRule()
SDXL = SizeRule(multiple=64, minimum=512, maximum=2048)
LISTED = SizeRule(fixed=((1024, 1024), (1024, 1536), (1536, 1024), (512, 512)))
LEGACY = SizeRule(fixed=((256, 256), (512, 512)), default=(512, 512))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1024x768", Exact(1024, 768)),
        ("1024×768", Exact(1024, 768)),
        (" 1024 X 768 ", Exact(1024, 768)),
        ("1024*768px", Exact(1024, 768)),
        ("１０２４ｘ７６８", Exact(1024, 768)),
        ("1x100000", Exact(1, 100000)),
        ("16:9", Aspect(16, 9)),
        ("１６：９", Aspect(16, 9)),
        ("32:18", Aspect(16, 9)),
        ("2.39:1", Aspect(239, 100)),
        ("Square", SQUARE),
        ("portrait", PORTRAIT),
        ("landscape", LANDSCAPE),
        ("正方形", SQUARE),
        ("竖版", PORTRAIT),
        ("橫圖", LANDSCAPE),
    ],
)
def test_sizes_as_people_write_them(text: str, size: Size) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "big",
        "0x0",
        "0x512",
        "0:1",
        "1:0",
        "0.0:3",
        "-5x5",
        "1024",
        "1024x",
        "x",
        ":",
        "1x2x3",
        "1e3x5",
        "٣x٤",
    ],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UnknownSize):
        parse_size(text)


def test_a_refused_size_is_named_in_short() -> None:
    with pytest.raises(UnknownSize, match=r"“9{39}…”"):
        parse_size("9" * 40_000)


@pytest.mark.parametrize(
    ("size", "rule", "max_pixels", "fitted"),
    [
        (None, ANY, 4 * MEGA, (1024, 1024)),
        (None, ANY, MEGA // 4, (512, 512)),
        (Exact(1000, 760), ANY, MEGA, (1000, 760)),
        (Exact(1001, 761), ANY, MEGA, (1000, 760)),
        (Exact(10, 20), ANY, MEGA, (64, 128)),
        (Exact(8192, 4096), ANY, 100 * MEGA, (4096, 2048)),
        (Exact(2048, 2048), ANY, MEGA, (1024, 1024)),
        (Exact(1, 100000), ANY, 4 * MEGA, (64, 4096)),
        (Exact(100000, 1), ANY, 64 * 100, (96, 64)),
        (SQUARE, ANY, MEGA, (1024, 1024)),
        (Aspect(16, 9), SDXL, 4 * MEGA, (1344, 768)),
        (PORTRAIT, SDXL, 4 * MEGA, (832, 1280)),
        (Aspect(1, 1000), SDXL, 4 * MEGA, (512, 2048)),
        (Exact(1536, 1024), LISTED, 4 * MEGA, (1536, 1024)),
        (Aspect(16, 9), LISTED, 4 * MEGA, (1536, 1024)),
        (Aspect(9, 16), LISTED, 4 * MEGA, (1024, 1536)),
        (Exact(600, 600), LISTED, 4 * MEGA, (512, 512)),
        (Exact(1536, 1024), LISTED, MEGA, (1024, 1024)),
        (Exact(1000, 1000), LEGACY, 100, (256, 256)),
        (Exact(1000, 1000), SDXL, 100, (512, 512)),
    ],
)
def test_the_nearest_legal_size(size: Size | None, rule: SizeRule, max_pixels: int, fitted: tuple[int, int]) -> None:
    assert fit(size, rule, max_pixels) == fitted


@pytest.mark.parametrize(
    ("given", "rule", "fitted"),
    [
        ((4000, 3000), ANY, (2360, 1776)),
        ((640, 480), SDXL, (704, 512)),
        ((640, 480), ANY, (640, 480)),
        ((3000, 2000), LISTED, (1536, 1024)),
        ((1170, 2532), LISTED, (1024, 1536)),
    ],
)
def test_an_edit_keeps_the_shape_of_its_picture(
    given: tuple[int, int], rule: SizeRule, fitted: tuple[int, int]
) -> None:
    assert keep_aspect(*given, rule, 4 * MEGA) == fitted


sides = st.integers(1, 20_000)
sizes: st.SearchStrategy[Size | None] = st.none() | st.builds(Exact, sides, sides) | st.builds(Aspect, sides, sides)
pairs = st.tuples(st.integers(64, 4096), st.integers(64, 4096))


@st.composite
def bounds(draw: st.DrawFn) -> SizeRule:
    step = draw(st.sampled_from([1, 8, 16, 32, 64]))
    minimum = draw(st.integers(1, 1024))
    maximum = draw(st.integers(minimum + step, 8192))
    return SizeRule(multiple=step, minimum=minimum, maximum=maximum, default=draw(pairs))


lists = st.builds(SizeRule, fixed=st.lists(pairs, min_size=1, max_size=8).map(tuple), default=pairs)
rules = bounds() | lists


def legal(width: int, height: int, rule: SizeRule) -> bool:
    if rule.fixed:
        return (width, height) in rule.fixed
    return all(rule.minimum <= side <= rule.maximum and side % rule.multiple == 0 for side in (width, height))


def smallest(rule: SizeRule) -> int:
    if rule.fixed:
        return min(map(math.prod, rule.fixed))
    return int((-(-rule.minimum // rule.multiple) * rule.multiple) ** 2)


@given(sizes, rules, st.integers(1, 40_000_000))
def test_a_fitted_size_is_always_legal_and_never_too_large(size: Size | None, rule: SizeRule, max_pixels: int) -> None:
    width, height = fit(size, rule, max_pixels)

    assert legal(width, height, rule)
    assert width * height <= max(max_pixels, smallest(rule))


@given(sizes, rules, st.integers(1, 40_000_000))
def test_a_legal_size_stays_as_it_is(size: Size | None, rule: SizeRule, max_pixels: int) -> None:
    width, height = fit(size, rule, max_pixels)

    assert fit(Exact(width, height), rule, max_pixels) == (width, height)


@given(st.builds(Aspect, st.integers(1, 64), st.integers(1, 64)) | st.builds(Exact, sides, sides), bounds())
def test_the_shape_is_kept_as_near_as_the_steps_allow(size: Aspect | Exact, rule: SizeRule) -> None:
    ratio = size.width / size.height
    assume(rule.maximum >= 4 * rule.minimum and rule.minimum >= rule.multiple and 1 / 3 <= ratio <= 3)

    width, height = fit(size, rule, 40_000_000)

    assert abs(width - height * ratio) <= rule.multiple * (1 + ratio)
