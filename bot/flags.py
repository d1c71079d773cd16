"""Options written as flags inside a prompt or a text command: `a fox --size 16:9 --seed 7`.

`FLAGS` is the one table of them: parsing, suggestions, help and the documentation derive from it.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.errors import BadFlag, BadFlagSuggest, BadValue, MissingValue, UnknownSize
from bot.i18n.marks import N_
from bot.sizes import A_SIZE, parse_size
from bot.types import Lora, Options

A_COUNT = N_("a whole number from 1 to 10")
WORDS = N_("words for what should not be in the picture")
A_SEED = N_("a whole number, 0 or larger; leave it out for a random one")
STEPS = N_("a whole number, 1 or larger")
GUIDANCE = N_("a number, 0 or larger, such as 7.5")
STRENGTH = N_("a number from 0 (keep the picture) to 1 (replace it)")
A_NAME = N_("a name; put it in quotes if it has spaces")
A_LORA = N_("a name and a weight, such as sketch:0.8")
ON_OFF = N_("on or off")

MAX_COUNT = 10
MAX_SEED = 2**63 - 1
"""The largest seed a signed 64-bit number holds; no engine takes more."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag; `--name value`."""

    name: str
    field: str
    """The field of `Options` it sets."""
    read: Callable[[str], Any]
    """Turns the value into that of the field. Raises ValueError or UnknownSize."""
    expected: str
    """The values it takes, in words that complete “it takes …”; a catalogue key."""
    description: str
    """For help; a catalogue key."""
    aliases: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """What other programs call it: not understood, but answered with a suggestion."""
    words: bool = False
    """The value goes on to the next flag; otherwise it is one word, or several in quotes."""
    bare: Any = None
    """The value of the flag alone; None when it needs one."""


def _whole(low: int, high: float = math.inf) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = int(value)
        if not low <= number <= high:
            raise ValueError
        return number

    return read


def _number(low: float, high: float = math.inf) -> Callable[[str], float]:
    def read(value: str) -> float:
        number = float(value.replace(",", "."))
        if not (low <= number <= high and math.isfinite(number)):
            raise ValueError
        return number

    return read


def _size(value: str) -> str:
    parse_size(value)
    return value


def _on_off(value: str) -> bool:
    if value.casefold() in ("on", "yes", "true"):
        return True
    if value.casefold() in ("off", "no", "false"):
        return False
    raise ValueError


def _lora(value: str) -> Lora:
    name, colon, weight = value.rpartition(":")
    if not colon:
        return Lora(value)
    if not name:
        raise ValueError
    return Lora(name, _number(-math.inf)(weight))


FLAGS = (
    Flag("size", "size", _size, A_SIZE, N_("Width and height, or a shape"), ("ar", "aspect"), ("width", "resolution")),
    Flag("count", "count", _whole(1, MAX_COUNT), A_COUNT, N_("How many pictures"), ("repeat",), ("n", "batch")),
    Flag("negative", "negative", str, WORDS, N_("What should not be in the picture"), ("no",), ("neg",), words=True),
    Flag("seed", "seed", _whole(0, MAX_SEED), A_SEED, N_("The same seed and words draw the same picture")),
    Flag("model", "model", str, A_NAME, N_("The engine's model"), (), ("checkpoint", "version")),
    Flag("engine", "engine", str, A_NAME, N_("The engine that draws")),
    Flag("style", "style", str, A_NAME, N_("A preset; see “styles”"), (), ("preset",)),
    Flag("private", "private", _on_off, ON_OFF, N_("Only you see the picture"), bare=True),
    Flag("steps", "steps", _whole(1), STEPS, N_("More steps take longer and show more detail"), (), ("iterations",)),
    Flag("guidance", "guidance", _number(0), GUIDANCE, N_("How closely to follow the words"), (), ("cfg", "scale")),
    Flag("strength", "strength", _number(0, 1), STRENGTH, N_("How much an edit may change"), (), ("denoise",)),
    Flag("sampler", "sampler", str, A_NAME, N_("The engine's sampler")),
    Flag("scheduler", "scheduler", str, A_NAME, N_("The engine's scheduler")),
    Flag("lora", "loras", _lora, A_LORA, N_("A LoRA and its weight; may be given several times")),
    Flag("enhance", "enhance", _on_off, ON_OFF, N_("Let the language model improve the words first"), bare=True),
)
_BY_NAME = {name: flag for flag in FLAGS for name in (flag.name, *flag.aliases)}
_NEAR = _BY_NAME | {name: flag for flag in FLAGS for name in flag.foreign}

# A flag begins a word, or follows a comma or Chinese or Japanese writing, which has no spaces. Phones turn “--” into a
# long dash, which stands in prose as well: only what resembles a flag is taken for one there.
_START = re.compile(
    r"""
    (?: (?<!\S) (?=[-－–—―−]+[^\W\d_]) | (?<=[,;\u3000-\u30ff\u3400-\u9fff\uff01-\uff0c]) (?=[-－–—―−]+[a-zA-Z]) )
    (?: [-－]{2,} | (?P<long>[–—―−]{1,2}) )
    (?P<name> \w [\w-]* )
    (?: \s*[=＝] | [:：] )?
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r"""\s* (?: "([^"]*)" | “([^“”]*)” | 「([^「」]*)」 | '([^']*)'(?!\w) )""", re.VERBOSE)
_WORD = re.compile(r"\s*(\S+)")
_LOOSE = " \t\r\n,;，；、"
"""What is left dangling at the end of a value, and of a prompt whose flags were taken out."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text and what its flags asked for."""

    text: str
    """The words, without flags."""
    options: Options


def parse(text: str, given: Options | None = None) -> Parsed:
    """Take the flags out of `text`, wherever they stand; they win over the options `given` otherwise.

    A flag given twice holds as last written; LoRAs add up. Raises BadFlag and BadFlagSuggest (an unknown flag),
    MissingValue and BadValue.
    """
    given = given or Options()
    found: dict[str, Any] = {}
    loras = list(given.loras)
    kept: list[str] = []
    end = 0
    while start := _next_flag(text, end):
        kept.append(text[end : start.start()].strip())
        flag = _flag(start["name"])
        value, end = _value(text, start.end(), flag)
        if flag.field == "loras":
            loras.append(_read(flag, start["name"], value))
        else:
            found[flag.field] = _read(flag, start["name"], value)
    kept.append(text[end:].strip())
    words = " ".join(filter(None, kept))
    return Parsed(words.rstrip(_LOOSE) if end else words, dataclasses.replace(given, **found, loras=tuple(loras)))


def _next_flag(text: str, at: int) -> re.Match[str] | None:
    """Return the next flag of `text`, known or not, from position `at` on."""
    for start in _START.finditer(text, at):
        if not start["long"] or _nearest(start["name"]):
            return start
    return None


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _nearest(name: str) -> Flag | None:
    """Return the flag that `name` is, is elsewhere, or resembles."""
    plain = _plain(name)
    if plain in _NEAR:
        return _NEAR[plain]
    # The first letter is seldom wrong; a long text full of dashes must not take long.
    alike = [each for each in _NEAR if len(each) > 3 and each[0] == plain[0]]
    near = difflib.get_close_matches(plain[:40], alike, n=1)
    return _NEAR[near[0]] if near else None


def _flag(name: str) -> Flag:
    """Return the flag called `name`."""
    flag = _BY_NAME.get(_plain(name))
    if flag is not None:
        return flag
    written = f"--{_short(name)}"
    if nearest := _nearest(name):
        raise BadFlagSuggest(flag=written, suggestion=f"--{nearest.name}")
    raise BadFlag(flag=written)


def _value(text: str, at: int, flag: Flag) -> tuple[str | None, int]:
    """Return the value that begins at position `at`, None if there is none, and the position after it."""
    if quoted := _QUOTED.match(text, at):
        return quoted[quoted.lastindex or 0], quoted.end()
    following = _next_flag(text, at)
    limit = following.start() if following else len(text)
    if flag.words:
        return text[at:limit].strip(_LOOSE) or None, limit
    word = _WORD.match(text, at, limit)
    return (word[1].rstrip(_LOOSE + ".。"), word.end()) if word else (None, at)


def _read(flag: Flag, name: str, value: str | None) -> Any:
    """Return what `value` means for `flag`, called `name` by the person."""
    if value is None and flag.bare is not None:
        return flag.bare
    if value is None or not (value or flag.words):
        raise MissingValue(flag=f"--{name}", expected=flag.expected)
    try:
        return flag.read(value if flag.words else unicodedata.normalize("NFKC", value))
    except (ValueError, UnknownSize):
        raise BadValue(flag=f"--{name}", value=_short(value), expected=flag.expected) from None


def _short(text: str) -> str:
    """Return what a person wrote, cut to a length fit for an answer."""
    return text if len(text) <= 40 else text[:39] + "…"
