"""Which answers of a language model are used: each is checked for what is known to go wrong, cheaply."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from importlib.resources import files

from bot.prompts import marks
from bot.types import Kind

LONGEST_PROMPT = 3000
LONGEST_SENTENCE = 200
LONGEST_EXPLANATION = 400
LONGEST_DESCRIPTION = 1200
MOST_SENTENCES = 4
"""Of a description."""


class Unfit(Exception):
    """An answer that is not used; its text says why, in a word or two, and nothing of the answer."""


def _patterns() -> dict[str, re.Pattern[str]]:
    """Read the phrases; they are looked for in texts of a few thousand characters at most."""
    lists = tomllib.loads(files("bot.prompts").joinpath("phrases.toml").read_text("utf-8"))
    return {
        kind: re.compile(
            rf"(?<!\w)(?:{'|'.join(lists[kind])})(?!\w)|{'|'.join(lists[f'{kind}_unspaced'])}", re.IGNORECASE
        )
        for kind in ("refusal", "talk", "whole_picture", "promise", "address")
    }


_PATTERNS = _patterns()
_FORMATTING = frozenset("@#<>`*|~[]{}\\_^")
_ENDS = re.compile(r"[.!?](?=\s+\w)|[。！？](?=.*\w)")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*")
_QUESTION = re.compile("[?？]")
_JOINERS = dict.fromkeys(map(ord, "\u200d\ufe0f"))
"""What joins emoji; they are as good as letters here."""

_KANA = re.compile("[\u3041-\u30ff]")
_HAN = re.compile("[\u3400-\u9fff]")
_SIMPLIFIED = re.compile("[这们来个为说画图时对开见关东车长马门问间过还进远运边么样让请谢乐气爱现发会号满]")
_TRADITIONAL = re.compile("[這們來個為說畫圖時對開見關東車長馬門問間過還進遠運邊麼樣讓請謝樂氣愛現發會號滿]")


def prompt(kind: Kind, asked: str, answer: object) -> str:
    """Return a better prompt, on one line. Raises Unfit if it is none, or has lost what the person wrote."""
    if not isinstance(answer, str) or not answer.strip():
        raise Unfit("empty")
    found = " ".join(answer.split())
    _plain(found)
    if len(found) > (LONGEST_PROMPT if kind == "generate" else min(LONGEST_PROMPT, 300 + 3 * len(asked))):
        raise Unfit("long")
    _no_talk(found, asked)
    if kind == "edit" and _begins("whole_picture", found) and not _begins("whole_picture", asked):
        raise Unfit("describes the whole picture")
    if found.startswith(("{", "```")) and not asked.startswith(("{", "```")):
        raise Unfit("not a prompt")
    if _has("address", found) and not _has("address", asked):
        raise Unfit("address")
    if any(" ".join(each.split()) not in found for each in marks.quoted(asked)):
        raise Unfit("lettering lost")
    if not marks.large(marks.numbers(asked)) <= marks.numbers(found):
        raise Unfit("number lost")
    tags = marks.tags(asked)
    if not set(marks.tags(found)) <= set(tags):
        raise Unfit("mark invented")
    if any(" ".join(each.split()) not in found for each in marks.marks(asked)):
        raise Unfit("mark lost")
    if marks.marks(found) - {" ".join(each.split()) for each in marks.marks(asked)}:
        raise Unfit("mark invented")
    return " ".join((found, *(each for each in tags if each not in found)))


def acknowledgement(answer: str, language: str) -> str:
    """Return one friendly sentence. Raises Unfit if it is anything else, or not in the language."""
    if len(answer.strip().splitlines()) > 1:
        raise Unfit("several lines")
    found = " ".join(answer.split())  # no-break spaces, as in French, made plain
    if not found or len(found) > LONGEST_SENTENCE:
        raise Unfit("length")
    _sayable(found)
    _no_talk(found, "", chat=False)
    _in_language(found, language)
    if _ENDS.search(found):
        raise Unfit("several sentences")
    if _QUESTION.search(found):
        raise Unfit("question")
    if _has("promise", found):
        raise Unfit("promise")
    return found


def explanation(sentence: str, answer: str, language: str, keep: Iterable[str] = ()) -> str:
    """Return other words for a sentence. Raises Unfit if names, numbers or quotations differ, or more is wrong.

    `keep`: what must be in it as well, where the sentence has it.
    """
    found = " ".join(answer.split())
    if not found or len(found) > max(LONGEST_EXPLANATION, 2 * len(sentence)):
        raise Unfit("length")
    kept = {*marks.quoted(sentence), *marks.names(sentence), *(each for each in keep if each and each in sentence)}
    if any(each not in found for each in kept):
        raise Unfit("name lost")
    if marks.numbers(found) != marks.numbers(sentence):
        raise Unfit("other numbers")
    bare = found
    for each in sorted(kept, key=len, reverse=True):
        bare = bare.replace(each, " ")
    _sayable(bare)
    _no_talk(found, sentence, chat=False, refusal=False)
    _in_language(found, language)
    if _QUESTION.search(found) and not _QUESTION.search(sentence):
        raise Unfit("question")
    if not _all("promise", found) <= _all("promise", sentence):
        raise Unfit("promise")
    return found


def description(answer: str, language: str) -> str:
    """Return up to four sentences about a picture, on one line. Raises Unfit if it is a refusal or something else."""
    found = " ".join(answer.split())
    if not found:
        raise Unfit("empty")
    _plain(found)
    _no_talk(found, "", chat=False)
    _in_language(found, language)
    found = re.sub(r"https?://", "", found, flags=re.IGNORECASE)  # lettering in the picture is no link of Easel's
    ends = [end.start() for end in _SENTENCE_END.finditer(found)]
    if len(ends) >= MOST_SENTENCES:
        found = found[: ends[MOST_SENTENCES - 1]]
    return found if len(found) <= LONGEST_DESCRIPTION else found[: LONGEST_DESCRIPTION - 1] + "…"


def _no_talk(found: str, asked: str, *, chat: bool = True, refusal: bool = True) -> None:
    """Raise Unfit when a model talks instead of answering; a request may well begin like that itself."""
    if refusal and _begins("refusal", found) and not _begins("refusal", asked):
        raise Unfit("refused")
    if chat and _begins("talk", found) and not _begins("talk", asked):
        raise Unfit("talk")


def _begins(kind: str, text: str) -> bool:
    """Tell whether a text begins with such a phrase, after quotation marks and the like."""
    return _PATTERNS[kind].match(text.replace("’", "'").lstrip("\"'“”„«「『*# ")) is not None


def _has(kind: str, text: str) -> bool:
    """Tell whether there is such a phrase anywhere."""
    return bool(_all(kind, text))


def _all(kind: str, text: str) -> set[str]:
    """Return all such phrases in a text."""
    return {each[0].casefold() for each in _PATTERNS[kind].finditer(text.replace("’", "'"))}


def _plain(found: str) -> None:
    """Raise Unfit for control characters and such that turn the direction of writing."""
    if not found.translate(_JOINERS).isprintable():
        raise Unfit("control characters")


def _sayable(found: str) -> None:
    """Raise Unfit for more than a line of plain words: links, mentions, formatting."""
    _plain(found)
    if _has("address", found):
        raise Unfit("address")
    if not _FORMATTING.isdisjoint(found) or found.startswith(("- ", "+ ", "> ", "1.")):
        raise Unfit("formatting")


def _in_language(found: str, language: str) -> None:
    """Raise Unfit when the script cannot be that of the language; a name in another one may be among the words."""
    han, kana = len(_HAN.findall(found)), len(_KANA.findall(found))
    match language:
        case "zh-CN" | "zh-TW":
            other = _TRADITIONAL if language == "zh-CN" else _SIMPLIFIED
            good = han >= 2 and kana <= han // 4 and not other.search(found)
        case "ja":
            good = kana >= 2
        case "en" | "de" | "fr" | "es":
            letters = [each for each in found if each.isalpha()]
            good = 2 * sum(unicodedata.name(each, "").startswith("LATIN") for each in letters) > len(letters)
        case _:
            good = True
    if not good:
        raise Unfit("language")
