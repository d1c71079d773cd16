"""What the demo engine's painters and edits do to pixels."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps, ImageStat

from bot.engines.demo_art import NoFont, lettering
from bot.engines.demo_art.change import change
from bot.engines.demo_art.finish import stamp, unstamp
from bot.engines.demo_art.light import LIGHTS
from bot.engines.demo_art.night import bright_disc, find_sky
from bot.engines.demo_art.scene import GROUNDS, paint_scene
from bot.engines.demo_art.stages import STAGES, Sheet, draw_stage, edit_stage
from bot.engines.demo_art.words import FIGURES, vocabulary

LAST = STAGES - 1
SKY, LAND, LAMP = (150, 190, 235), (60, 90, 60), (255, 214, 120)
WINDOW = (100, 190, 112, 202)


def landscape(side: int = 256) -> Image.Image:
    """Bright sky over dark land, in it a lit window."""
    image = Image.new("RGB", (side, side), SKY)
    image.paste(LAND, (0, side * 5 // 8, side, side))
    image.paste(LAMP, WINDOW)
    return image


def level(image: Image.Image) -> float:
    """Mean brightness, 0-255."""
    return ImageStat.Stat(image.convert("L")).mean[0]


def furthest(first: Image.Image, second: Image.Image) -> int:
    """The largest difference of any band of any pixel."""
    return max(ImageChops.difference(first, second).tobytes())


def highest(image: Image.Image) -> int:
    """The brightest pixel, 0-255."""
    return max(image.convert("L").tobytes())


def edit(image: Image.Image, instruction: str, strength: float = 1.0, seed: int = 1) -> Image.Image:
    return change(image, instruction, Random(seed), strength)


def drawn(folder: Path, prompt: str, width: int = 320, height: int = 320, seed: int = 1) -> Path:
    path = folder / f"{seed}.png"
    draw_stage(prompt, Sheet(width, height, seed, str(path)), LAST)
    return path


@pytest.mark.parametrize("ground", sorted(GROUNDS))
@pytest.mark.parametrize("sky", sorted(LIGHTS))
def test_paints_every_ground_under_every_sky(ground: str, sky: str) -> None:
    words = vocabulary()
    picture = paint_scene(f"{words['ground'][ground][0]} {words['sky'][sky][0]}", 1, 96, 72)

    assert picture.size == (96, 72)
    assert sum(ImageStat.Stat(picture).stddev) > 15


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_paints_every_subject_where_it_can_be_seen(name: str) -> None:
    word = vocabulary()["subject"][name][0]
    plain, with_subject = (paint_scene(f"{prompt} in the desert by day", 3, 128, 128) for prompt in ("", word))

    changed = ImageChops.difference(plain, with_subject).convert("L").point([0] * 40 + [255] * 216)

    assert ImageStat.Stat(changed).mean[0] / 255 > 0.015


def test_a_colour_word_colours_the_subject() -> None:
    red, blue = (paint_scene(f"a {colour} balloon at noon", 1, 128, 128) for colour in ("red", "blue"))

    difference = ImageChops.subtract(blue.getchannel("B"), red.getchannel("B"))

    assert highest(difference) > 80


@given(st.tuples(*[st.integers(0, 255)] * 3), st.integers(64, 700), st.integers(64, 700))
@settings(max_examples=25)
def test_the_demonstration_line_shows_and_comes_off_again(
    colour: tuple[int, int, int], width: int, height: int
) -> None:
    plain = Image.new("RGB", (width, height), colour)

    stamped = stamp(plain.copy())

    assert furthest(plain, stamped) > 40
    assert furthest(plain, unstamp(stamped)) <= 5


def test_a_picture_without_the_demonstration_line_is_left_alone() -> None:
    noise = Image.frombytes("RGB", (300, 200), Random(1).randbytes(300 * 200 * 3))

    assert unstamp(noise).tobytes() == noise.tobytes()


def test_finds_the_sky_and_the_sun() -> None:
    image = landscape()
    image.paste((255, 250, 235), (0, 0), ImageOps.invert(Image.radial_gradient("L")).point([0] * 230 + [255] * 26))

    sky, disc = find_sky(image), bright_disc(image)

    assert ImageStat.Stat(sky.crop((8, 8, 248, 150))).mean[0] > 250
    assert ImageStat.Stat(sky.crop((8, 170, 248, 256))).mean[0] < 5
    assert disc is not None
    assert disc[0] == pytest.approx((128, 128), abs=4)


def test_there_is_no_sky_in_a_room() -> None:
    noise = Image.frombytes("RGB", (64, 64), Random(1).randbytes(64 * 64 * 3)).resize((256, 256), 0)

    assert ImageStat.Stat(find_sky(noise)).mean[0] < 40


def test_night_is_dark_and_blue_with_stars_above_and_lamps_lit() -> None:
    before = landscape()
    after = edit(before, "make it night")

    assert level(after) < level(before) * 0.55
    red, _, blue = ImageStat.Stat(after).mean
    assert blue > red * 1.3
    assert highest(after.crop((0, 0, 256, 150))) > 230  # stars, moon
    assert highest(after.crop((0, 170, 90, 256))) < 100
    window = ImageStat.Stat(after.crop(WINDOW)).mean
    assert all(abs(kept - lamp) < 40 for kept, lamp in zip(window, LAMP, strict=True))


def test_brighter_is_brighter_and_darker_is_darker() -> None:
    image = landscape()

    assert level(edit(image, "darker")) + 20 < level(image) < level(edit(image, "brighter")) - 10


def test_black_and_white_has_no_colour() -> None:
    red, green, blue = edit(landscape(), "black and white").split()

    assert red.tobytes() == green.tobytes() == blue.tobytes()


def test_mirror_and_upside_down_only_move_pixels() -> None:
    image = landscape()

    assert edit(image, "mirror it").tobytes() == ImageOps.mirror(image).tobytes()
    assert edit(image, "turn it upside down").tobytes() == ImageOps.flip(image).tobytes()


@pytest.mark.parametrize(("where", "third"), [("", 0), (" in the middle", 1), (" at the bottom", 2)])
def test_words_are_set_inside_the_picture_where_they_are_wanted(where: str, third: int) -> None:
    image = landscape(300)

    changed = ImageChops.difference(image, edit(image, f"write “Good night” on it{where}")).getbbox()

    assert changed is not None
    left, top, right, bottom = changed
    assert left > 0 and right < 300
    assert third * 100 - 40 < top < bottom < third * 100 + 140


@pytest.mark.parametrize("words", ["W", "ha " * 40, "incomprehensibilities", "x" * 160])
def test_words_of_any_length_fit(words: str) -> None:
    image = landscape(300)

    changed = ImageChops.difference(image, edit(image, f"write “{words}”")).getbbox()

    assert changed is not None
    assert changed[1] > 0 and changed[3] < 200


def test_letters_that_no_font_has_are_not_written_as_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "FONTS", ())
    image = landscape()

    with pytest.raises(NoFont):
        edit(image, "写上“你好”")
    assert edit(image, "write “hi ☃”").tobytes() == edit(image, "write “hi”").tobytes()


@pytest.mark.parametrize(
    "instruction",
    ["make it day", "dusk", "fog", "make it autumn", "spring", "add snow", "rain", "purple", "add a cat", "a dream"],
)
def test_every_other_edit_shows(instruction: str) -> None:
    image = landscape()

    assert sum(ImageStat.Stat(ImageChops.difference(image, edit(image, instruction))).mean) > 4


def test_strength_is_how_much_of_an_edit_shows() -> None:
    image = landscape()
    none, half, full = (level(edit(image, "darker", strength)) for strength in (0.0, 0.5, 1.0))

    assert none == level(image)
    assert half == pytest.approx((none + full) / 2, abs=1)


def test_an_edit_brings_the_picture_to_the_size_asked(tmp_path: Path) -> None:
    source, path = drawn(tmp_path, "a fox", 320, 240), tmp_path / "edited.png"

    edit_stage("mirror", str(source), None, 1.0, Sheet(192, 192, 1, str(path)), LAST)

    with Image.open(path) as image:
        assert image.size == (192, 192)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK"])
def test_takes_pictures_of_every_mode(tmp_path: Path, mode: str) -> None:
    source, path = tmp_path / "given", tmp_path / "edited.png"
    landscape().convert("RGB" if mode == "LA" else mode).convert(mode).save(source, "TIFF" if mode == "CMYK" else "PNG")

    edit_stage("make it night", str(source), None, 1.0, Sheet(256, 256, 1, str(path)), LAST)

    with Image.open(path) as image:
        assert (image.mode, image.size) == ("RGB", (256, 256))


def test_a_soft_mask_blends_and_an_opaque_one_keeps_everything(tmp_path: Path) -> None:
    source, path = tmp_path / "given.png", tmp_path / "edited.png"
    landscape().save(source)
    results = []
    for alpha in (255, 128, 0):
        mask = tmp_path / f"{alpha}.png"
        Image.new("RGBA", (256, 256), (0, 0, 0, alpha)).save(mask)
        edit_stage("darker", str(source), str(mask), 1.0, Sheet(256, 256, 1, str(path)), LAST)
        with Image.open(path) as image:
            results.append(image.copy())
    kept, half, changed = results

    assert kept.tobytes() == landscape().tobytes()
    assert level(changed) + 5 < level(half) < level(kept) - 5


def test_finished_pictures_carry_no_metadata(tmp_path: Path) -> None:
    with Image.open(drawn(tmp_path, "a fox")) as image:
        assert image.format == "PNG"
        assert image.info == {}
