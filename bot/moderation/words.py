"""Words and phrases in a text, found in one pass however many there are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TypeAlias

from bot.moderation.reading import otherwise, read

_SCRIPTS = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2e80-\u2fff\u3005-\u30ff\u3100-\u312f"
    "\u31a0-\u31ff\u3400-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Thai, Lao, Tibetan, Burmese, Khmer, Tai, Chinese, Japanese: words stand side by side, so that they are found within
others."""
_UNSPACED = re.compile(f"[{_SCRIPTS}]")
_STARTS = re.compile(rf"[^\W{_SCRIPTS}]+|\S")
"""Where words may begin, and some places besides."""
_HANGUL = re.compile("[\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff]")
"""Korean words end in particles that are written on to them: they are found at the beginning of longer ones."""


_Tree: TypeAlias = "dict[str, _Tree]"
"""Characters that words go on with; the empty string where one ends."""


class Words:
    """Words and phrases that were compiled, to be looked for in texts.

    A word is found where it stands alone: not within another ("cock" in "cocktail"), but for scripts that put no space
    between words. Upper and lower case, and the ways to write the same that `reading` names, make no difference.
    """

    def __init__(self, words: Iterable[str]) -> None:
        """What holds nothing that can be seen is passed over."""
        self._tree: _Tree = {}
        for word in filter(None, map(read, words)):
            tree = self._tree
            for character in word:
                tree = tree.setdefault(character, {})
            tree[""] = {}

    def found(self, text: str) -> bool:
        """Tell whether any of them stands in a text.

        Takes time in proportion to the text, and to the longest word at worst, however many words there are.
        """
        if not self._tree:
            return False
        plain = read(text)
        return self._in(plain) or any(map(self._in, otherwise(plain)))

    def _in(self, text: str) -> bool:
        for match in _STARTS.finditer(text):
            start = end = match.start()
            tree = self._tree.get(text[end])
            while tree is not None:
                end += 1
                if "" in tree and _alone(text, start, end):
                    return True
                tree = tree.get(text[end]) if end < len(text) else None
        return False


def _alone(text: str, start: int, end: int) -> bool:
    """Tell whether what stands there is no part of a longer word."""
    if start and _goes_on(text[start - 1], text[start]):
        return False
    return end == len(text) or not _goes_on(text[end - 1], text[end]) or bool(_HANGUL.match(text[end - 1]))


def _goes_on(one: str, other: str) -> bool:
    """Tell whether two neighbours belong to one word: letters, digits and marks of scripts that have spaces."""
    return _in_word(one) and _in_word(other)


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM" and not _UNSPACED.match(character)
