"""What an instruction for an edit asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.engines.demo_art.colour import Colour, rgb
from bot.engines.demo_art.words import EDIT_KINDS, find, names

Placing = Literal["top", "middle", "bottom"]

STEPS = (
    *("day", "summer", "spring", "autumn", "snow", "tinted"),
    *("dawn", "dusk", "mist", "night", "aurora", "painted"),
    *("brighter", "darker", "rain", "black_and_white", "mirror", "upside_down"),
)
"""All changes in the order in which they are made: season, light, grading, weather, geometry."""

ADDING = re.compile(r"\b(add|put|place|include|insert|with|give|draw)\b|[加添放画畫]")
QUOTED = re.compile(
    r"(?:write|print|caption|title|label|letter|text|words?|says?|saying|schreib|écri|escrib|[写寫题題字文]|書い).*?"
    r"[\"“”„«「『‘']([^\"“”«»「」『』’]+)[\"“”»」』’']",
    re.IGNORECASE | re.DOTALL,
)
UNQUOTED = re.compile(
    r"\b(?:write|print|caption(?: it)?|says?|saying|schreibe?|(?:add|put)(?: the| a)? (?:text|words?|caption|title))\b"
    r"[:\s]+(?:the words? )?(.+?)(?:\s+(?:on|onto|in|into|at|across|over|under|above|below|auf)\b.*)?[.!]?$",
    re.IGNORECASE | re.DOTALL,
)
UNQUOTED_CHINESE = re.compile(
    r"(?:[写寫题題][上着著]?|加[上入]?文字)[:：]?\s*(.+?)(?:[一二两兩三四五六七八九十几幾][个個]字|字[样樣]|[，。]|$)"
)
LONGEST = 160
"""Characters that are set on a picture."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done."""

    steps: tuple[str, ...]
    """Names in STEPS, in that order."""
    words: str = ""
    """To be set on the picture."""
    place: Placing = "top"
    """Where the words go."""
    colour: Colour | None = None
    """Of the words, of the subject, or of everything."""
    subject: str = ""
    """To be added to the picture."""


def read_wish(instruction: str) -> Wish:
    """Understand an instruction; one that is not understood gets the picture painted anew in brush strokes."""
    words = _words(instruction)
    rest = (instruction.replace(words, " ") if words else instruction).casefold()
    hits = find(rest, EDIT_KINDS)
    subject = next(iter(names(hits, "subject")), "") if ADDING.search(rest) and not words else ""
    colours = names(hits, "colour")
    asked = {hit.name for hit in hits if hit.kind in ("edit", "sky", "season")}
    if "storm" in asked or "rain" in names(hits, "weather"):
        asked.add("rain")
    if "winter" in asked or "snow" in names(hits, "ground") or "snowfall" in names(hits, "weather"):
        asked.add("snow")
    if colours and not words and not subject:
        asked.add("tinted")
    if "upside_down" in asked:  # "flip it vertically"
        asked.discard("mirror")
    steps = tuple(step for step in STEPS if step in asked)
    return Wish(
        steps=steps if steps or words or subject else ("painted",),
        words=words if len(words) <= LONGEST else words[: LONGEST - 1] + "…",
        place=_place(rest),
        colour=rgb(colours[0]) if colours else None,
        subject=subject,
    )


def _words(instruction: str) -> str:
    """The words to be written, if the instruction asks for writing."""
    for pattern in (QUOTED, UNQUOTED, UNQUOTED_CHINESE):
        match = pattern.search(instruction)
        if match and match[1].strip():
            return match[1].strip()
    return ""


def _place(text: str) -> Placing:
    if re.search(r"\b(bottom|below|under|unten)\b|下面|下方|下边|下邊|底部|底下", text):
        return "bottom"
    if re.search(r"\b(middle|centre|center|mitte)\b|中间|中間|中央|居中", text):
        return "middle"
    return "top"
