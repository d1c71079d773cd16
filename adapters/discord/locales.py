"""In which language somebody reads who wrote a message: Discord tells it with commands and buttons only."""

from __future__ import annotations

import re
from collections import OrderedDict

import discord

from bot.i18n.negotiate import negotiate

KEPT = 10_000
"""People whose language is remembered."""
_HAN = re.compile(r"[\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")


class Locales:
    """What Discord told of people's languages since the start; of others it is guessed from what they write."""

    def __init__(self, default: str) -> None:
        """`default`: the operator's language, which decides between the two Chinese where the words don't."""
        self._default = default
        self._told: OrderedDict[int, str] = OrderedDict()

    def tell(self, interaction: discord.Interaction) -> None:
        """Remember the language of somebody who used a command, a button or a form."""
        person = interaction.user.id
        self._told[person] = interaction.locale.value
        self._told.move_to_end(person)
        if len(self._told) > KEPT:
            self._told.popitem(last=False)

    def of(self, message: discord.Message) -> str | None:
        """Return the language of a message's author as a BCP 47 tag, None when nothing tells it."""
        server = message.guild.preferred_locale.value if message.guild else ""
        if server == discord.Locale.american_english.value:  # what servers have that never chose
            server = ""
        return self._told.get(message.author.id) or script(message.content, server or self._default) or server or None


def script(text: str, default: str = "") -> str | None:
    """Return which Chinese a text is in, None when it is in none; `default` decides where both write it alike."""
    if _KANA.search(text) or not (letters := _HAN.findall(text)):
        return None
    traditional = sum(not _encodes(each, "gb2312") for each in letters)
    simplified = sum(not _encodes(each, "big5") for each in letters)
    if traditional == simplified:
        return negotiate(default if default.startswith("zh") else "zh")
    return "zh-TW" if traditional > simplified else "zh-CN"


def _encodes(letter: str, charset: str) -> bool:
    try:
        letter.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
