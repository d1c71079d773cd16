"""What the demo engine understands of prompts and instructions."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engines.demo_art.change import GEOMETRY
from bot.engines.demo_art.colour import rgb
from bot.engines.demo_art.light import LIGHTS
from bot.engines.demo_art.reading import FALLBACK, Scene, read_scene
from bot.engines.demo_art.scene import GROUNDS
from bot.engines.demo_art.wishes import LONGEST, STEPS, Wish, read_wish
from bot.engines.demo_art.words import EDIT_KINDS, FIGURES, PROMPT_KINDS, find, vocabulary

RED, BLUE, WHITE, YELLOW = (rgb(code) for code in ("d8392f", "3a6fc4", "f4f1ea", "f0c435"))


def scene(prompt: str, seed: int = 1) -> Scene:
    return read_scene(prompt, Random(seed))


def test_every_name_of_the_vocabulary_can_be_painted() -> None:
    words = vocabulary()

    assert set(words["subject"]) == set(FIGURES)
    assert set(words["ground"]) == set(GROUNDS)
    assert {figure.home for figure in FIGURES.values()} <= set(GROUNDS)
    assert set(words["sky"]) == set(LIGHTS)
    assert {*words["edit"], *words["season"]} - {"winter"} <= set(STEPS)
    assert set(GEOMETRY) <= set(words["edit"])
    assert all(rgb(code) for code in words["colour"])


@pytest.mark.parametrize("kinds", [PROMPT_KINDS, EDIT_KINDS])
def test_every_word_has_one_meaning_and_is_found(kinds: tuple[str, ...]) -> None:
    meanings = [(word, name) for kind in kinds for name, words in vocabulary()[kind].items() for word in words]

    assert len(dict(meanings)) == len(meanings)
    assert [word for word, _ in meanings if word != word.casefold()] == []
    assert [word for word, name in meanings if [hit.name for hit in find(word, kinds)] != [name]] == []


@pytest.mark.parametrize(
    ("prompt", "subjects", "ground", "sky"),
    [
        ("a red fox in the snow at dusk", ["fox"], "snow", "dusk"),
        ("A lighthouse by the sea at NIGHT", ["lighthouse"], "sea", "night"),
        ("山顶上的城堡，日出", ["castle"], "mountains", "dawn"),
        ("一只白猫坐在月光下的屋顶上", ["cat"], "city", "night"),
        ("雪地里的狐狸，黄昏", ["fox"], "snow", "dusk"),
        ("ein Leuchtturm am Meer bei Nacht", ["lighthouse"], "sea", "night"),
        ("un renard dans la neige, crépuscule", ["fox"], "snow", "dusk"),
        ("un castillo en la montaña, noche", ["castle"], "mountains", "night"),
        ("夜の海と灯台", ["lighthouse"], "sea", "night"),
        ("two cats and a dog in the forest by day", ["cat", "dog"], "forest", "day"),
        ("an owl, a fox and a bear in the woods at night", ["owl", "fox"], "forest", "night"),
        ("a whale at dawn", ["whale"], "underwater", "dawn"),
        ("northern lights over the city", [], "city", "aurora"),
        ("a misty mystical forest at dawn", [], "forest", "mist"),
        ("a sunny evening at the beach", [], "sea", "dusk"),
        ("a toaster in the desert at noon", [FALLBACK], "desert", "day"),
        ("雪中的烤面包机，夜晚", [FALLBACK], "snow", "night"),
        ("神秘的森林，夜晚", [], "forest", "night"),
        ("a snowman", ["snowman"], "snow", None),
        ("a catalogue of stars", [FALLBACK], None, "night"),
        ("cosmic horror", [FALLBACK], None, None),
        ("", [], None, None),
    ],
)
def test_reads_subject_ground_and_sky(prompt: str, subjects: list[str], ground: str | None, sky: str | None) -> None:
    read = scene(prompt)

    assert [name for name, _ in read.subjects] == subjects
    assert ground in (None, read.ground)
    assert sky in (None, read.sky)


@pytest.mark.parametrize(
    ("prompt", "colour", "tint"),
    [
        ("a fox", rgb(FIGURES["fox"].main), None),
        ("a red fox", rgb(FIGURES["fox"].main), None),  # as red as foxes are
        ("a blue fox", BLUE, None),
        ("白色的狐狸", WHITE, None),
        ("a fox under a blue sky", rgb(FIGURES["fox"].main), BLUE),
        ("a fox in a yellow meadow", rgb(FIGURES["fox"].main), None),
        ("a red dragonfly", RED, None),
        ("a tree in autumn", rgb("dd7f2e"), None),
    ],
)
def test_gives_colours_to_what_they_belong_to(prompt: str, colour: object, tint: object) -> None:
    read = scene(prompt)

    assert [colour for _, colour in read.subjects] == [colour]
    assert read.tint == tint


@pytest.mark.parametrize(
    ("prompt", "season", "ground"),
    [
        ("a snowy forest", "winter", "forest"),
        ("snowy hills", "winter", "snow"),
        ("a penguin", "winter", "snow"),
        ("a house in autumn", "autumn", "meadow"),
        ("樱花树", "spring", "meadow"),
        ("a fox in winter", "winter", "snow"),
    ],
)
def test_reads_the_season(prompt: str, season: str, ground: str) -> None:
    assert (scene(prompt).season, scene(prompt).ground) == (season, ground)


def test_reads_the_weather() -> None:
    assert scene("a meadow in the rain").sky == "storm"
    assert scene("a rainbow over the sea").weather == {"rainbow"}
    assert scene("下雪的城市").weather == {"snowfall"}


@given(st.text(max_size=300), st.integers(0, 3))
def test_reads_any_prompt_as_something_to_paint(prompt: str, seed: int) -> None:
    read = scene(prompt, seed)

    assert read.ground in GROUNDS
    assert read.sky in LIGHTS
    assert len(read.subjects) <= 2


@pytest.mark.parametrize(
    ("instruction", "wish"),
    [
        ("make it night", Wish(("night",))),
        ("变成夜晚", Wish(("night",))),
        ("mach es Nacht", Wish(("night",))),
        ("make it day", Wish(("day",))),
        ("brighter", Wish(("brighter",))),
        ("再亮一点", Wish(("brighter",))),
        ("a bit darker please", Wish(("darker",))),
        ("调暗一些", Wish(("darker",))),
        ("black and white", Wish(("black_and_white",))),
        ("改成黑白照片", Wish(("black_and_white",))),
        ("mirror it", Wish(("mirror",))),
        ("flip it horizontally", Wish(("mirror",))),
        ("左右翻转", Wish(("mirror",))),
        ("flip it vertically", Wish(("upside_down",))),
        ("turn it upside down", Wish(("upside_down",))),
        ("上下颠倒", Wish(("upside_down",))),
        ("mirror it and make it black and white at night", Wish(("night", "black_and_white", "mirror"))),
        ("add snow", Wish(("snow",))),
        ("make it winter", Wish(("snow",))),
        ("make it autumn", Wish(("autumn",))),
        ("let it rain", Wish(("rain",))),
        ("make it purple", Wish(("tinted",), colour=rgb("8456b8"))),
        ("add a bird", Wish((), subject="bird")),
        ("加一只蓝色的鸟", Wish((), subject="bird", colour=BLUE)),
        ("remove the hat", Wish(("painted",))),
        ("", Wish(("painted",))),
        ("write HELLO on it", Wish((), words="HELLO")),
        ("Write happy birthday!", Wish((), words="happy birthday")),
        ('add the text "Good Night, Moon" at the bottom', Wish((), words="Good Night, Moon", place="bottom")),
        ("put the words “Hi” in the middle in red", Wish((), words="Hi", place="middle", colour=RED)),
        ("写上“你好”", Wish((), words="你好")),
        ("在图上写生日快乐四个字", Wish((), words="生日快乐")),
        ("寫上「新年快樂」", Wish((), words="新年快樂")),
        ("用黄色在下面写上“晚安”", Wish((), words="晚安", place="bottom", colour=YELLOW)),
        ("make it night and write “Sleep well” on it", Wish(("night",), words="Sleep well")),
    ],
)
def test_understands_instructions(instruction: str, wish: Wish) -> None:
    assert read_wish(instruction) == wish


@given(st.text(max_size=300))
def test_finds_something_to_do_in_any_instruction(instruction: str) -> None:
    wish = read_wish(instruction)

    assert wish.steps or wish.words or wish.subject
    assert len(wish.words) <= LONGEST


def test_cuts_long_words() -> None:
    assert read_wish(f"write “{'ha' * 200}”").words == "ha" * 79 + "h…"
