"""From the languages a person, a browser or a platform asks for to one there is a catalogue of."""

from __future__ import annotations

import re

LANGUAGES = ("en", "zh-CN", "zh-TW")
"""Catalogue codes: BCP 47, as Discord spells them. The first is the sources' language and the last resort."""

_TRADITIONAL = frozenset({"tw", "hk", "mo"})


def negotiate(*wanted: str | None) -> str:
    """Return the catalogue code for the first of `wanted` that there is a catalogue of, at last `en`.

    Takes BCP 47 tags in any case (`zh-Hant-HK`) and POSIX names (`zh_TW.UTF-8`). For Chinese the script
    decides, then the region; with neither it is Simplified. None and what is not understood are passed over.
    """
    for tag in wanted:
        code = _catalogue(tag) if tag else None
        if code is not None:
            return code
    return LANGUAGES[0]


def _catalogue(tag: str) -> str | None:
    """Return the catalogue code for one tag, None when there is none."""
    # What follows "." or "@" (POSIX) or a single letter (BCP 47 extensions) says nothing of script or region.
    language, *rest = re.split(r"[-_]", re.split(r"[.@]|[-_]\w[-_]", tag, maxsplit=1)[0].strip().lower())
    if language == "en":
        return "en"
    if language != "zh":
        return None
    traditional = "hant" in rest or ("hans" not in rest and not _TRADITIONAL.isdisjoint(rest))
    return "zh-TW" if traditional else "zh-CN"
