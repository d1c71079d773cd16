"""What an answer must not lose of what a person, or Easel, wrote: lettering, numbers, names, marks of image models.

All patterns take linear time, or are used on short texts only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_QUOTED = re.compile(r'"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|「([^「」]+)」|『([^『』]+)』|‘([^‘’]+)’')
_SINGLE = re.compile(r"(?<![\w'])'([^']+)'(?![\w'])")
_NUMBER = re.compile(r"\d+")
_SPELT = 12
"""Numbers up to this one may as well be written in words."""
_TAG = re.compile(r"<[A-Za-z]\w*:[^<>]{1,200}>")
_WEIGHT = re.compile(r"\([^()]{1,200}:\s*\d+(?:\.\d+)?\s*\)|\[[^\[\]]{1,200}:[^\[\]]{0,200}\]")
_FLAG = re.compile(r"(?<!\S)--[A-Za-z][\w-]*")
_NAMED = re.compile(
    r"(?:\b(?:engines?|moteurs?|motor(?:es)?)\s+|(?:エンジン|引擎)\s*)[“\"「«]?([a-z][a-z0-9_]{0,31})\b", re.IGNORECASE
)
_ALONE = re.compile(r"\w*(?:[0-9_]|[A-Z]\w*[A-Z])\w*|(?<!\S)(?:--|/)[a-z][\w-]*")
_LATIN = re.compile(r"[A-Za-z][\w.-]*\w|[A-Za-z]", re.ASCII)
_IDEOGRAPHS = re.compile("[\u3041-\u30ff\u3400-\u9fff]")


def quoted(text: str) -> list[str]:
    """Return what stands between quotation marks of any kind, without them."""
    found = [next(filter(None, each.groups())) for each in _QUOTED.finditer(text)]
    return [each.strip() for each in (*found, *_SINGLE.findall(text)) if each.strip()]


def numbers(text: str) -> set[str]:
    """Return the numbers written in digits, of any script and width."""
    return {str(int(each)) for each in _NUMBER.findall(unicodedata.normalize("NFKC", text))}


def large(found: Iterable[str]) -> set[str]:
    """Return the numbers nobody writes in words."""
    return {each for each in found if len(each) > 2 or int(each) > _SPELT}


def tags(text: str) -> list[str]:
    """Return `<lora:name:0.8>` and the like: they may stand anywhere in a prompt."""
    return _TAG.findall(text)


def marks(text: str) -> set[str]:
    """Return weights such as `(word:1.2)` and `[a:b:0.5]`, and flags: they hold where they stand."""
    return {*_WEIGHT.findall(text), *_FLAG.findall(text)}


def names(sentence: str) -> set[str]:
    """Return what one of Easel's sentences names: engines, commands, options, products, words in another script."""
    found = {*_NAMED.findall(sentence), *(each for each in _ALONE.findall(sentence) if not each.isdecimal())}
    if _IDEOGRAPHS.search(sentence):
        found.update(_LATIN.findall(sentence))
    return found
