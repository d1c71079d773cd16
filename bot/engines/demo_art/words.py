"""The words the demo engine understands, and how they are found in a text. They are listed in vocabulary.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from bot.engines.demo_art.animals import ANIMALS
from bot.engines.demo_art.buildings import BUILDINGS
from bot.engines.demo_art.creatures import CREATURES
from bot.engines.demo_art.figure import Figure
from bot.engines.demo_art.things import THINGS

FIGURES: dict[str, Figure] = {**ANIMALS, **CREATURES, **BUILDINGS, **THINGS}
PROMPT_KINDS = ("subject", "ground", "sky", "season", "weather", "colour")
EDIT_KINDS = (*PROMPT_KINDS, "edit")
FIRST_JOINED = "⺀"
"""From here on, scripts put no spaces between words."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One known word in a text."""

    kind: str
    name: str
    start: int
    end: int


@cache
def vocabulary() -> Mapping[str, Any]:
    """Read the words: by kind, by name, a list of words."""
    return tomllib.loads(files("bot.engines.demo_art").joinpath("vocabulary.toml").read_text("utf-8"))


@cache
def _lexicon(kinds: tuple[str, ...]) -> tuple[re.Pattern[str], Mapping[str, tuple[str, str]]]:
    """One expression for all words of these kinds, the longest first, and what each of them means."""
    meaning = {word: (kind, name) for kind in kinds for name, words in vocabulary()[kind].items() for word in words}
    longest_first = sorted(meaning, key=len, reverse=True)
    spaced = "|".join(re.escape(word) for word in longest_first if word[0] < FIRST_JOINED)
    joined = "|".join(re.escape(word) for word in longest_first if word[0] >= FIRST_JOINED)
    return re.compile(rf"(?<!\w)({spaced})(?:s|es)?(?![a-zß-ÿ])|({joined})"), meaning


def find(text: str, kinds: tuple[str, ...] = PROMPT_KINDS) -> list[Hit]:
    """All known words of a casefolded text in reading order, none within another."""
    pattern, meaning = _lexicon(kinds)
    return [Hit(*meaning[match[1] or match[2]], match.start(), match.end()) for match in pattern.finditer(text)]


def names(hits: Iterable[Hit], kind: str) -> list[str]:
    """What the hits of one kind name, each once, in reading order."""
    return list(dict.fromkeys(hit.name for hit in hits if hit.kind == kind))


def has_unknown_subject(text: str, hits: list[Hit]) -> bool:
    """True when the first clause has a word that is neither known nor just describes a known one after it."""
    rest = list(text)
    for hit in hits:
        rest[hit.start : hit.end] = "◆" * (hit.end - hit.start)
    clause = re.split(r"[,;.，。；、\n]", "".join(rest), maxsplit=1)[0]
    tokens = re.findall(rf"◆+|[{FIRST_JOINED}-\U0003ffff]+|[^\W\d_◆]+", clause)
    return any(_may_be_subject(word) and not after.startswith("◆") for word, after in pairwise([*tokens, ""]))


def _may_be_subject(word: str) -> bool:
    filler = vocabulary()["filler"]
    if word[0] >= FIRST_JOINED:
        return bool(set(word) - set(filler["signs"]))
    return len(word) > 1 and not word.startswith("◆") and word not in filler["words"]
