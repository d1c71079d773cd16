"""What a prompt asks for: the scene its words make."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from bot.engines.demo_art.colour import Colour, rgb
from bot.engines.demo_art.words import FIGURES, Hit, find, has_unknown_subject, names

FALLBACK = "balloon"
"""Stands for a subject the engine has never heard of."""
LEAVES = {"spring": "f2aec2", "autumn": "dd7f2e", "winter": "cfdcea"}


@dataclass(frozen=True, slots=True)
class Scene:
    """What will be painted."""

    sky: str
    ground: str
    subjects: tuple[tuple[str, Colour], ...]
    """At most two, each with its colour; the first is the main one."""
    season: str
    weather: frozenset[str]
    tint: Colour | None
    """A colour the prompt wants all over."""


def read_scene(prompt: str, rng: Random) -> Scene:
    """Turn a prompt into a scene; what it leaves open is left to chance."""
    text = prompt.casefold()
    hits = find(text)
    colours, tint = _colours(hits)
    weather, grounds = names(hits, "weather"), names(hits, "ground")
    subjects = names(hits, "subject")[:2]
    if not subjects and has_unknown_subject(text, hits):
        subjects = [FALLBACK]
        if tint is not None:
            colours[FALLBACK], tint = tint, None
    season = next(iter(names(hits, "season")), "")
    if "snow" in grounds or "snowfall" in weather or "snowman" in subjects:
        season = "winter"
    ground = _ground(grounds, subjects, season, rng)
    if ground == "snow":
        season = "winter"
    return Scene(
        sky=_sky(names(hits, "sky"), season, weather, rng),
        ground=ground,
        subjects=tuple((name, colours.get(name) or natural(name, season)) for name in subjects),
        season=season,
        weather=frozenset(weather),
        tint=tint,
    )


def _ground(named: list[str], subjects: list[str], season: str, rng: Random) -> str:
    """The ground named, or where the subject is at home; snow lies where it would be a meadow."""
    home = FIGURES[subjects[0]].home if subjects else rng.choice(("meadow", "mountains", "forest", "sea"))
    if home == "underwater":
        return home
    solid = [name for name in named if name != "snow"]
    ground = solid[0] if solid else "snow" if named else home
    return "snow" if ground == "meadow" and season == "winter" else ground


def _sky(named: list[str], season: str, weather: list[str], rng: Random) -> str:
    """The named sky; mere daylight only where nothing else is."""
    if named:
        return next((name for name in named if name != "day"), "day")
    if "rain" in weather:
        return "storm"
    return (
        rng.choice(("dawn", "day")) if season in ("spring", "summer") else rng.choice(("dawn", "day", "dusk", "dusk"))
    )


def natural(name: str, season: str) -> Colour:
    """The colour of a subject of which no colour was asked; trees follow the season."""
    return rgb(LEAVES.get(season, FIGURES[name].main) if name == "tree" else FIGURES[name].main)


def _colours(hits: list[Hit]) -> tuple[dict[str, Colour], Colour | None]:
    """Give each colour word to the subject it stands before; one before the sky, or alone, tints everything."""
    colours: dict[str, Colour] = {}
    tint: Colour | None = None
    for i, hit in enumerate(hits):
        if hit.kind != "colour":
            continue
        after = next((h for h in hits[i + 1 :] if h.kind != "colour"), None)
        if after is not None and after.kind == "subject" and after.start - hit.end < 16:
            own, asked = rgb(FIGURES[after.name].main), rgb(hit.name)
            alike = sum(abs(x - y) for x, y in zip(own, asked, strict=True)) < 90  # foxes are as red as foxes are
            colours.setdefault(after.name, own if alike else asked)
        elif after is None or after.kind != "ground":
            tint = rgb(hit.name)
    return colours, tint
