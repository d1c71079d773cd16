"""Generate or edit: what a message asks for, by the first of eight rules that fits.

1. The command `edit` edits: attached pictures, else those replied to, else the newest of the conversation.
2. The command `imagine` generates, unless a picture is attached to it.
3. Small talk gets a hint or nothing; "undo" shows the picture before.
4. Words for a new picture generate.
5. Words with attached pictures edit them.
6. Words that reply to pictures edit them.
7. Words alone, in a conversation with a recent picture of Easel's, edit it if they refer to it.
8. Words alone generate; a picture alone is ignored, or asked about in a direct message.

`decide` is pure and takes well under a millisecond, but for the first words of a language, which take some hundred. The
words it goes by are in intent_rules, per language.
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, get_args

from bot.types import Author, Command, Where

Hint = Literal["help", "what_to_change", "give_picture", "small_talk"]
"""What an answer in words is about: how to use Easel, what to change, how to give a picture, or just a greeting."""
Source = Literal["attached", "replied", "recent"]

_TALK = ("undo", "repeat", "help", "what_to_change", "small_talk", "ignore")
"""Kinds of phrases that are no request, the weightiest first."""
_KINDS = (*_TALK, "opener", "order", "remark", "points", "based", "new")
_LENGTH = 300
"""Characters that are looked at: what a message asks for is said at its beginning."""
_PHRASES = 6
"""Phrases that are taken off a beginning; what begins with more of them is no small talk."""

_DROPPED = dict.fromkeys(map(ord, "'’‘`´\"“”„«»「」『』\u200b\u200c\u200d\u2060\ufe0e\ufe0f🏻🏼🏽🏾🏿"))
_REPLACED = dict.fromkeys(map(ord, "-‐‑–—*_/|()[]~\t"), " ") | {ord("\n"): ". "}
_SEPARATORS = " ,.!。、…"
_IDEOGRAPHS = re.compile("[\u3005-\u30ff\u3400-\u9fff]")
_WITHOUT_IDEOGRAPHS = ("ignore", "small_talk", "help", "opener")
"""What is also said without any of these characters where they are used: "www", "666", "?"."""


@dataclass(frozen=True, slots=True)
class Message:
    """All a decision depends on."""

    text: str
    """The words, without mention, command and flags."""
    command: Command | None = None
    attached: int = 0
    """Pictures in the message itself."""
    replied: int = 0
    """Pictures in the message replied to."""
    replied_by: Author | None = None
    """Who wrote the message replied to; None when it is no reply."""
    recent: bool = False
    """The conversation has a picture to go back to: one of Easel's among the last 20 messages, for `edit` any."""
    where: Where = "server"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a message."""

    decision: Literal["generate", "edit", "hint", "ignore", "undo"]
    rule: int
    """Which of the eight rules decided."""
    source: Source | None = None
    """Where the picture an edit changes comes from; to attached ones, those replied to are further references."""
    hint: Hint | None = None
    repeat: bool = False
    """The words ask for the last request once more ("another one"); they are no prompt."""

    def as_dict(self) -> dict[str, str | int]:
        """Return what `easel intent` writes."""
        return {"decision": self.decision, "rule": self.rule}


class Reading:
    """What the words of a message say, whatever pictures there are. What is costly is found out when it is asked."""

    def __init__(self, rules: Rules, words: str) -> None:
        """Take off the phrases `words` begin with."""
        self._rules = rules
        self._words = words
        talk: set[str] = set()
        self._starts: list[int] = []
        at = _start(words, 0)
        for _ in range(_PHRASES):
            kind, end = max(((kind, rules.end(kind, words, at)) for kind in _TALK), key=lambda found: found[1])
            if end > at:
                talk.add(kind)
            else:
                self._starts.append(at)
                end = rules.end("opener", words, at)
            if end == at:
                break
            at = _start(words, end)
        self.talk = frozenset(talk)
        """Kinds of the phrases at its beginning that are no request."""
        self.request = at < len(words)
        """There are other words after these."""

    @functools.cached_property
    def refers(self) -> bool:
        """They are about a picture that is there."""
        return self._begins("order") or self._based or self._begins("remark") or self._has("points")

    @functools.cached_property
    def new(self) -> bool:
        """They plainly ask for another one."""
        return self._has("new") and not (self._begins("order") or self._based)

    @functools.cached_property
    def _based(self) -> bool:
        return self._has("based")

    def _begins(self, kind: str) -> bool:
        return any(self._rules.end(kind, self._words, at) > at for at in self._starts)

    def _has(self, kind: str) -> bool:
        return self._rules.found(kind, self._words)


class Rules:
    """The words of all languages, each compiled when it is first needed; made once, by `load`."""

    def __init__(self, languages: Mapping[str, Mapping[str, Any]]) -> None:
        """`languages` is what intent_rules holds; how it is meant is said in any.toml."""
        pairs = "".join("".join(language.get("fold", "").split()) for language in languages.values())
        self._fold = str.maketrans(pairs[::2], pairs[1::2])
        self._languages = languages
        self._compiled: dict[tuple[str, str], re.Pattern[str]] = {}

    @classmethod
    def load(cls) -> Rules:
        """Read the rules that come with Easel."""
        rules = files("bot").joinpath("intent_rules")
        return cls({each.name: tomllib.loads(each.read_text("utf-8")) for each in rules.iterdir()})

    def read(self, text: str) -> Reading:
        """Say what the words of `text` mean."""
        return Reading(self, _normalised(text).translate(self._fold))

    def end(self, kind: str, words: str, at: int) -> int:
        """Return where the longest phrase of this kind ends that begins at `at`; `at` if there is none."""
        found = (pattern.match(words, at) for pattern in self._patterns(kind, words))
        return max((each.end() for each in found if each), default=at)

    def found(self, kind: str, words: str) -> bool:
        """Tell whether there is a phrase of this kind anywhere."""
        return any(pattern.search(words) for pattern in self._patterns(kind, words))

    def _patterns(self, kind: str, words: str) -> Iterator[re.Pattern[str]]:
        """Yield one pattern for each language: together they would be several times slower than one after the other."""
        ideographs = _IDEOGRAPHS.search(words) is not None
        for name, language in self._languages.items():
            if kind in language and (ideographs or language["spaced"] or kind in _WITHOUT_IDEOGRAPHS):
                pattern = self._compiled.get((name, kind))
                if pattern is None:
                    pattern = re.compile(_either(language, language[kind]).translate(self._fold))
                    self._compiled[name, kind] = pattern
                yield pattern


def _either(language: Mapping[str, Any], patterns: Sequence[str]) -> str:
    """Return one pattern for all of `patterns`, with the language's word lists filled in."""

    def filled(pattern: str) -> str:
        return re.sub(r"<([a-z]+)>", lambda name: either(language["words"][name[1]]), pattern)

    def either(choices: Sequence[str]) -> str:
        return f"(?:{'|'.join(map(filled, choices))})"

    edge = "[0-9a-zà-ÿ]"  # so that words are found next to Chinese, too
    one = re.sub(r"(?<!\\)\((?!\?)", "(?:", either(patterns))  # to remember what each group held takes half the time
    return rf"(?<!{edge})(?={edge}|@){one}(?!{edge})" if language["spaced"] else one


def _normalised(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[: 2 * _LENGTH]).casefold().translate(_DROPPED).translate(_REPLACED)
    return re.sub(" +", " ", plain).strip()[:_LENGTH]


def _start(words: str, at: int) -> int:
    """Return where the next phrase begins."""
    return len(words) - len(words[at:].lstrip(_SEPARATORS))


def decide(message: Message, rules: Rules) -> Decision:
    """Say what to do with `message`. Never raises."""
    if message.command == "edit":
        source = _newest_source(message)
        return Decision("edit", 1, source) if source else Decision("hint", 1, hint="give_picture")
    if message.command == "imagine":
        return Decision("edit", 2, "attached") if message.attached else Decision("generate", 2)
    if not message.text.strip():
        return _wordless(message)
    reading = rules.read(message.text)
    if not reading.request:
        return _small_talk(reading.talk)
    if reading.new:
        return Decision("generate", 4)
    if message.attached:
        return Decision("edit", 5, "attached")
    if message.replied:
        return Decision("edit", 6, "replied")
    conversation = message.where != "server" or message.replied_by is not None
    if conversation and message.recent and reading.refers:
        return Decision("edit", 7, "recent")
    return Decision("generate", 8)


def _newest_source(message: Message) -> Source | None:
    if message.attached:
        return "attached"
    if message.replied:
        return "replied"
    return "recent" if message.recent else None


def _wordless(message: Message) -> Decision:
    """Decide about a picture alone, or a mere mention."""
    if message.attached and message.where != "dm":
        return Decision("ignore", 8)
    if message.attached or message.replied:
        return Decision("hint", 8, hint="what_to_change")
    return Decision("hint", 3, hint="help")


def _small_talk(talk: frozenset[str]) -> Decision:
    """Decide about words that are no request."""
    if "undo" in talk:
        return Decision("undo", 3)
    if "repeat" in talk:
        return Decision("generate", 4, repeat=True)
    hints: tuple[Hint, ...] = ("help", "what_to_change", "small_talk")
    for hint in hints:
        if hint in talk:
            return Decision("hint", 3, hint=hint)
    return Decision("ignore", 3)


def from_json(line: str) -> Message:
    """Read one line of `easel intent`. Raises ValueError, with one sentence, for what is no such message."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("This line is not JSON.") from None
    if not isinstance(given, dict) or "text" not in given:
        raise ValueError('This line is not a JSON object with a "text".')
    for key, value in given.items():
        takes, fits = _expected(key, value)
        if not fits:
            raise ValueError(f"{json.dumps(key)} must be {takes}, not {json.dumps(value)[:40]}.")
    return Message(**given)


def _expected(key: str, value: object) -> tuple[str, bool]:
    """Return what the value of `key` must be, and whether it is. Raises ValueError for an unknown key."""
    match key:
        case "text":
            return "text", isinstance(value, str)
        case "attached" | "replied":
            return "a whole number, 0 or larger", type(value) is int and value >= 0
        case "recent":
            return "true or false", isinstance(value, bool)
        case "command" | "replied_by" | "where":
            choices = {
                "command": (None, *get_args(Command)),
                "replied_by": (None, *get_args(Author)),
                "where": get_args(Where),
            }
            return " or ".join(map(json.dumps, choices[key])), value in choices[key]
    raise ValueError(f"Unknown key {json.dumps(key)[:40]}.")
