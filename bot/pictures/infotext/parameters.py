"""AUTOMATIC1111's text about a picture, `parameters`: written as it writes it, read as it reads it.

    a red fox in the snow
    Negative prompt: blurry
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512, Model: "a, b", Version: v1.10.1

Source: `create_infotext` in modules/processing.py, `quote` and `parse_generation_parameters` in
modules/infotext_utils.py of stable-diffusion-webui 1.10. The format cannot hold every prompt: one with a line
`Negative prompt:` reads as two, spaces around lines are lost. Of such a prompt, and of its negative one, Easel writes
exact copies among the parameters, where other programs read parameters they do not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

LONGEST_KEY = 62
KEY = re.compile(rf"\w[\w \-/]{{0,{LONGEST_KEY - 2}}}[\w\-/]")
FACT = re.compile(rf'(\w[\w \-/]{{1,{LONGEST_KEY - 1}}}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
"""As AUTOMATIC1111 has it, but with the key's length bounded: the time for long words would grow with its square."""
FEWEST_FACTS = 3
"""A last line with fewer is words: AUTOMATIC1111's rule."""
NEGATIVE = "Negative prompt:"
FIRST = "Steps: "
"""What a line of facts begins with if it is not the last one: some extensions write their own behind it."""
EXACT_PROMPT, EXACT_NEGATIVE = "Easel prompt", "Easel negative prompt"
MOST_FACTS = 60
CUT = "…"


@dataclass(frozen=True, slots=True)
class Infotext:
    """What a picture was drawn from."""

    prompt: str = ""
    negative: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    """In the order they are told, by AUTOMATIC1111's names: Steps, Sampler, Schedule type, CFG scale, Seed, Size,
    Model, Denoising strength… A name is 2 to 62 letters, digits, `_ - /` and spaces inside; ValueError for others."""

    def __post_init__(self) -> None:
        for key in self.facts:
            if not KEY.fullmatch(key) or key in (EXACT_PROMPT, EXACT_NEGATIVE):
                raise ValueError(f"no name of a fact: {key!r}")

    def shortened(self, longest: int, longest_fact: int | None = None) -> Infotext:
        """Return it with at most `longest` characters of each text, ended with “…” where cut, and MOST_FACTS facts.

        `longest` is at least 1; `longest_fact` is for the facts' values, if not the same.
        """
        most = longest if longest_fact is None else longest_fact
        facts = {key: _cut(value, most) for key, value in islice(self.facts.items(), MOST_FACTS)}
        return Infotext(_cut(self.prompt, longest), _cut(self.negative, longest), facts)


def write(infotext: Infotext) -> str:
    """Return the text of which `read_parameters` makes the same again; other programs read it if facts are three."""
    facts = [f"{key}: {_quoted(value)}" for key, value in infotext.facts.items()]
    text = _join(infotext, facts)
    if read_parameters(text) == infotext:
        return text
    exact = {EXACT_PROMPT: infotext.prompt, EXACT_NEGATIVE: infotext.negative}
    copies = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in exact.items()]
    return _join(infotext, facts + copies)


def read_parameters(text: str) -> Infotext:
    """Return what the text says; words alone are a prompt. Every text can be read, in a time that grows with it."""
    lines = text.strip().split("\n")
    facts, end = _last_facts(lines)
    parts: tuple[list[str], list[str]] = [], []
    part = parts[0]
    for line in map(str.strip, lines[:end]):
        if line[: len(NEGATIVE)].casefold() == NEGATIVE.casefold():
            part = parts[1]
            part.append(line[len(NEGATIVE) :].strip())
        else:
            part.append(line)
    prompt, negative = ("\n".join(part).strip() for part in parts)
    exact_prompt, exact_negative = facts.pop(EXACT_PROMPT, None), facts.pop(EXACT_NEGATIVE, None)
    return Infotext(
        prompt if exact_prompt is None else exact_prompt,
        negative if exact_negative is None else exact_negative,
        facts,
    )


def _join(infotext: Infotext, facts: list[str]) -> str:
    negative = f"\n{NEGATIVE} {infotext.negative}" if infotext.negative else ""
    return f"{infotext.prompt}{negative}\n{', '.join(facts)}".strip()


def _quoted(value: str) -> str:
    """Return the value as the format holds it. AUTOMATIC1111 quotes for three signs only, but unquotes all."""
    signs = any(sign in value for sign in ",:\n")
    plain = value and not signs and value == value.strip() and not value.startswith('"')
    return value if plain else json.dumps(value, ensure_ascii=False)


def _last_facts(lines: list[str]) -> tuple[dict[str, str], int]:
    """Return the facts and the number of their line; none and the number of lines if there is no such line."""
    last = len(lines) - 1
    if facts := _facts(lines[last]):
        return facts, last
    for number in range(last - 1, -1, -1):
        if lines[number].startswith(FIRST) and (facts := _facts(lines[number])):
            return facts, number
    return {}, len(lines)


def _facts(line: str) -> dict[str, str]:
    """Return the facts of a line, none if it is words."""
    found = FACT.findall(line)
    facts = {key.rstrip(): _unquoted(value) for key, value in found if len(key.rstrip()) > 1}
    words = len(found) < FEWEST_FACTS or line.casefold().startswith(NEGATIVE.casefold())
    return {} if words and EXACT_PROMPT not in facts else facts


def _unquoted(value: str) -> str:
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        try:
            unquoted = json.loads(value)
        except ValueError:
            return value
        return str(unquoted)
    return value.strip()


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT
