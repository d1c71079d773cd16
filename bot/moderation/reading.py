"""Text as it is meant, whatever characters it is written with.

Made alike: width, ligatures, fonts (ｆｕｌｌ, 𝓼𝓬𝓻𝓲𝓹𝓽, Ⓒircled, 🅱oxed, sᴍᴀʟʟ), upper and lower case, apostrophes; white
space, dashes, "_" and "/" are one space. Left out: what cannot be seen (zero-width characters, soft hyphens, direction
marks) and strokes and dots on letters that have no such form ("n̶u̶d̶e̶").

A letter with an accent stays another letter: "año" is not "ano", nor Vietnamese "các" the word it is without its mark.
Read in a second way are words that mix scripts (Latin with Cyrillic or Greek: "nudе") and digits or signs between the
letters of a word ("p0rn", "n@ked"). A word wholly in Cyrillic, and digits at a word's edge ("a55", "mp3"), are what
they are. Spaces or points between all letters, doubled letters and misspellings are not seen through: what catches
these also hits the innocent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_HIDDEN = (0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x2800, 0x3164, 0xFEFF, 0xFFA0)
_HIDDEN_RANGES = ((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F))
_HIDDEN_RANGES_ABOVE = ((0xE0000, 0xE01EF), (0x1D173, 0x1D17A))
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))


def _foreseen() -> dict[int, str]:
    """Return what is replaced before everything else."""
    table = dict.fromkeys(_HIDDEN, "")
    for first, after in (*_HIDDEN_RANGES, *_HIDDEN_RANGES_ABOVE):
        table |= dict.fromkeys(range(first, after + 1), "")
    for start in (0x1F150, 0x1F170):  # white on black, round and square
        table |= {start + number: chr(ord("a") + number) for number in range(26)}
    table |= {ord(small): plain for small, plain in _SMALL_CAPITALS.items()}
    table |= dict.fromkeys(map(ord, "’‘‛`´ʼ"), "'")
    # One character each that Unicode makes eighteen and eight of: nobody asks for them in a picture letter by letter.
    return table | dict.fromkeys((0xFDFA, 0xFDFB), " ")


_FORESEEN = _foreseen()
_SEPARATORS = re.compile("[\\s_/\u2010-\u2015\u2212\u30fb-]+")
_MARK = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKED = re.compile(f"(.)({_MARK}+)", re.DOTALL)
"""A letter whose marks did not become part of it."""
_OPTIONAL = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
"""Vowel points and lengthening strokes of Hebrew and Arabic, which are written or not."""

_TO_LATIN = dict(zip("аеёоорсухіјѕԁһԛԝьӏ", "aeeoopcyxijsdhqwbl", strict=True)) | dict(
    zip("αβεικνορτυχ", "abeikvoptux", strict=True)
)
_TO_LATIN |= {"к": "k", "м": "m", "т": "t", "в": "b", "н": "h", "г": "r", "и": "u", "п": "n"}
_TO_CYRILLIC = dict(zip("aeopcyxkmtbhun", "аеорсухкмтвнип", strict=True))
_LOOKS_LATIN = str.maketrans(_TO_LATIN)
_LOOKS_CYRILLIC = str.maketrans(_TO_CYRILLIC)
_LATIN, _OTHER = "a-z\u00df-\u024f", "\u0370-\u052f"
_MIXED = re.compile(f"(?<![{_LATIN}{_OTHER}])(?:[{_LATIN}]+[{_OTHER}]|[{_OTHER}]+[{_LATIN}])[{_LATIN}{_OTHER}]*")
"""A whole word in Latin and Greek or Cyrillic letters, from its beginning: so it takes linear time."""

_SIGNS: Mapping[str, str] = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"}
_SIGNS_BETWEEN = re.compile(r"(?<=[a-z])[013457@$]{1,2}(?=[a-z])")


def read(text: str) -> str:
    """Return the text made alike, without space at either end."""
    text = unicodedata.normalize("NFKC", text.translate(_FORESEEN)).casefold()
    text = _OPTIONAL.sub("", _MARKED.sub(lambda found: unicodedata.normalize("NFD", found[1])[0], text))
    return _SEPARATORS.sub(" ", text).strip()


def otherwise(text: str) -> list[str]:
    """Return what a text that was read can be read as besides."""
    readings: list[str] = []
    if _MIXED.search(text):
        readings += (_unmixed(text, _LOOKS_LATIN), _unmixed(text, _LOOKS_CYRILLIC))
    latin = readings[0] if readings else text
    plain = _SIGNS_BETWEEN.sub(lambda signs: "".join(_SIGNS[each] for each in signs[0]), latin)
    if plain != latin:
        readings.append(plain)
    return readings


def _unmixed(text: str, alike: Mapping[int, int | str]) -> str:
    """Return the text with the words that mix scripts read as one of them."""
    return _MIXED.sub(lambda word: word[0].translate(alike), text)
