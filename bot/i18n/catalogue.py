"""The message catalogues: a sentence in a person's language, its placeholders filled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

import structlog

from bot.errors import BotError
from bot.i18n.marks import N_, Wait
from bot.i18n.negotiate import LANGUAGES

LOCALES = Path(__file__).parent / "locales"
VERBATIM = frozenset({"name", "prompt", "value"})
"""Placeholders for a person's own words: never translated, even if they happen to equal a sentence."""
_UNITS = ((1, N_("{n} s")), (60, N_("{n} min")), (3600, N_("{n} h")), (86400, N_("{n} days")))
"""Seconds, and how so many are said; the next unit begins at 90 of one."""

log = structlog.stdlib.get_logger("easel.i18n")


class Catalogues:
    """All catalogues, read once when Easel starts and handed to whoever speaks to people.

    A sentence is English text with `{placeholders}`, and the key of its translations. A string given for a
    placeholder that is itself a sentence of the catalogues (such as the `expected` of an error) is translated
    too, unless the placeholder is in `VERBATIM`. Nothing here raises because of a sentence or its arguments:
    what cannot be filled is logged and read in English.
    """

    def __init__(self, directory: Path = LOCALES) -> None:
        """Read `<directory>/<language>/LC_MESSAGES/easel.mo` of every language but English."""
        self._translations = {language: _read(directory, language) for language in LANGUAGES}

    def translate(self, language: str, sentence: str, /) -> str:
        """Return `sentence` in `language`, placeholders and all; English where there is no translation."""
        if not sentence:  # the empty key holds a catalogue's own header
            return ""
        return self._translation(language).gettext(sentence)

    def text(self, language: str, sentence: str, /, **args: object) -> str:
        """Return `sentence` in `language` with its placeholders filled from `args`."""
        return self._fill(language, self.translate(language, sentence), sentence, args)

    def plural(self, language: str, one: str, many: str, n: int, /, **args: object) -> str:
        """Return the form that fits the number `n`, which fills the placeholder `{n}`."""
        form = self._translation(language).ngettext(one, many, n)
        return self._fill(language, form, one if n == 1 else many, {"n": n, **args})

    def error(self, language: str, error: BotError) -> str:
        """Return what a person is to read about `error`."""
        return self.text(language, error.sentence, **error.args_)

    def _translation(self, language: str) -> NullTranslations:
        return self._translations.get(language) or self._translations[LANGUAGES[0]]

    def _fill(self, language: str, translated: str, english: str, args: Mapping[str, object]) -> str:
        """Fill `translated`, or `english` should that fail; what is filled in is not looked at again."""
        words = {name: self._word(language, name, value) for name, value in args.items()}
        for text in (translated, english):
            try:
                return text.format_map(words)
            except (LookupError, ValueError, TypeError, AttributeError) as error:
                # The arguments' values may be a person's words, so only their names are logged.
                log.error("sentence_not_filled", language=language, text=text, given=sorted(args), error=repr(error))
        return english

    def _word(self, language: str, name: str, value: object) -> object:
        if isinstance(value, Wait):
            unit, sentence = next((each for each in _UNITS if value.seconds <= 90 * each[0]), _UNITS[-1])
            return self.translate(language, sentence).format(n=max(1, math.ceil(value.seconds / unit)))
        return self.translate(language, value) if isinstance(value, str) and name not in VERBATIM else value


def _read(directory: Path, language: str) -> NullTranslations:
    """Return the compiled catalogue of `language`; English is its own."""
    if language == LANGUAGES[0]:
        return NullTranslations()
    path = directory / language.replace("-", "_") / "LC_MESSAGES" / "easel.mo"
    try:
        with path.open("rb") as file:
            return GNUTranslations(file)
    except FileNotFoundError:
        log.warning("catalogue_missing", language=language, path=str(path))
        return NullTranslations()
