"""Sizes: what people write, and the legal size nearest to it."""

from __future__ import annotations

import dataclasses
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
FREE = SizeRule(multiple=16, minimum=16, maximum=3840, max_ratio=3, min_pixels=655_360, max_pixels=8_294_400)
MEGAPIXEL = SizeRule(multiple=64, max_ratio=2.5, min_pixels=MEGA * 9 // 10, max_pixels=MEGA * 11 // 10)


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
        (SQUARE, FREE, 4 * MEGA, (1024, 1024)),
        (Exact(3840, 2160), FREE, 100 * MEGA, (3840, 2160)),
        (Exact(2160, 3840), FREE, 100 * MEGA, (2160, 3840)),
        (Exact(7680, 4320), FREE, 100 * MEGA, (3840, 2160)),
        (Exact(3840, 3840), FREE, 100 * MEGA, (2880, 2880)),
        (Exact(1024, 640), FREE, MEGA, (1024, 640)),
        (Exact(1, 1), FREE, MEGA, (816, 816)),
        (Exact(512, 512), FREE, 100, (640, 1024)),
        (Exact(2000, 400), FREE, 4 * MEGA, (1536, 512)),
        (Aspect(1, 1000), FREE, 4 * MEGA, (592, 1776)),
        (Aspect(5, 1), MEGAPIXEL, 4 * MEGA, (1600, 640)),
        (Exact(1100, 1000), SizeRule(multiple=100, max_ratio=1.1), 4 * MEGA, (1100, 1000)),
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
        ((640, 480), FREE, (944, 704)),
        ((4032, 3024), FREE, (2352, 1776)),
        ((1536, 1024), MEGAPIXEL, (1280, 896)),
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
def sided(draw: st.DrawFn) -> SizeRule:
    step = draw(st.sampled_from([1, 8, 16, 32, 64]))
    minimum = draw(st.integers(1, 1024))
    maximum = draw(st.integers(minimum + step, 8192))
    return SizeRule(multiple=step, minimum=minimum, maximum=maximum, default=draw(pairs))


@st.composite
def bounded(draw: st.DrawFn) -> SizeRule:
    rule = draw(sided())
    step = rule.multiple
    legal_sides = st.integers(-(-rule.minimum // step), rule.maximum // step).map(lambda number: number * step)
    one, other = draw(legal_sides), draw(legal_sides)  # so that there is a legal size
    room = draw(st.floats(1, 4))
    return dataclasses.replace(
        rule,
        max_ratio=draw(st.none() | st.just(max(one, other) / min(one, other) * draw(st.sampled_from([1, 1.5])))),
        min_pixels=draw(st.none() | st.just(int(one * other / room))),
        max_pixels=draw(st.none() | st.just(math.ceil(one * other * room))),
    )


lists = st.builds(SizeRule, fixed=st.lists(pairs, min_size=1, max_size=8).map(tuple), default=pairs)
rules = sided() | bounded() | lists


def legal(width: int, height: int, rule: SizeRule) -> bool:
    if rule.fixed:
        return (width, height) in rule.fixed
    return (
        all(rule.minimum <= side <= rule.maximum and side % rule.multiple == 0 for side in (width, height))
        and (rule.max_ratio is None or max(width, height) <= rule.max_ratio * min(width, height))
        and (rule.min_pixels or 0) <= width * height <= (rule.max_pixels or math.inf)
    )


def none_within(rule: SizeRule, max_pixels: int) -> bool:
    """Tell by trying them all whether no legal size has so few pixels."""
    least = -(-rule.minimum // rule.multiple) * rule.multiple
    shorts = range(least, math.isqrt(max_pixels) + 1, rule.multiple)
    longs = ((short, max(short, -(-(rule.min_pixels or 0) // short))) for short in shorts)
    steps = ((short, -(-long // rule.multiple) * rule.multiple) for short, long in longs)
    return not any(short * long <= max_pixels and legal(short, long, rule) for short, long in steps)


@given(sizes, rules, st.integers(1, 40_000_000))
def test_a_fitted_size_is_always_legal_and_never_too_large(size: Size | None, rule: SizeRule, max_pixels: int) -> None:
    width, height = fit(size, rule, max_pixels)

    assert legal(width, height, rule)
    if width * height > max_pixels:
        assert not any(math.prod(each) <= max_pixels for each in rule.fixed)
        assert rule.fixed or none_within(rule, max_pixels)


@given(sizes, rules, st.integers(1, 40_000_000))
def test_a_legal_size_stays_as_it_is(size: Size | None, rule: SizeRule, max_pixels: int) -> None:
    width, height = fit(size, rule, max_pixels)

    assert fit(Exact(width, height), rule, max_pixels) == (width, height)


shapes = st.builds(Aspect, st.integers(1, 64), st.integers(1, 64)) | st.builds(Exact, sides, sides)


@given(shapes, sided())
def test_the_shape_is_kept_as_near_as_the_steps_allow(size: Aspect | Exact, rule: SizeRule) -> None:
    ratio = size.width / size.height
    assume(rule.maximum >= 4 * rule.minimum and rule.minimum >= rule.multiple and 1 / 3 <= ratio <= 3)

    width, height = fit(size, rule, 40_000_000)

    assert abs(width - height * ratio) <= rule.multiple * (1 + ratio)


@given(shapes, st.sampled_from([8, 16, 64]), st.integers(300_000, 8_000_000))
def test_bounds_of_pixels_keep_the_shape_too(size: Aspect | Exact, step: int, pixels: int) -> None:
    ratio = size.width / size.height
    assume(1 / 3 <= ratio <= 3)
    rule = SizeRule(multiple=step, maximum=8192, max_ratio=3.5, min_pixels=pixels, max_pixels=pixels * 3 // 2)

    width, height = fit(size, rule, 40_000_000)

    assert abs(width - height * ratio) <= 1.5 * step * (1 + ratio)


def test_a_shape_beyond_the_ratio_becomes_the_longest_there_is() -> None:
    for size in (Exact(9000, 500), Aspect(1, 40)):
        width, height = fit(size, FREE, 8 * MEGA)
        assert 2.9 <= max(width, height) / min(width, height) <= 3
        assert (width > height) is (size.width > size.height)


def test_a_rule_without_any_size_is_a_mistake() -> None:
    with pytest.raises(ValueError):
        fit(None, SizeRule(maximum=512, min_pixels=MEGA), MEGA)
