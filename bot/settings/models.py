"""The settings people meet: `Preferences` (the nearest layer wins) and `Policy` (the strictest wins).

Meaning, permitted values and names are said once, here: the operator's configuration, `settings show/set`, help and
docs/settings.md derive from it. The built-in values are `Effective`'s in layers.py.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.errors import BadSetting, UnknownSetting, UnknownSize
from bot.i18n.marks import N_
from bot.sizes import A_SIZE, parse_size

Language = Literal["en", "zh-CN", "zh-TW"]
"""The languages there is a catalogue of."""

_ID = re.compile(r"(?!.*__)[a-z][a-z0-9_]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Takes:
    """The values a setting takes, in words that complete “it takes …”; catalogue keys."""

    text: str


A_TIME_ZONE = N_("a time zone such as Europe/Berlin or Asia/Shanghai")


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(
            f'"{_shown(value)}" is no id; ids are up to 32 small letters, digits and single _, such as home_gpu'
        )
    return value


def _no_boolean(value: object) -> object:
    """Refuse what Python would quietly take for 0 or 1."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


def _size(value: str) -> str:
    try:
        parse_size(value)
    except UnknownSize:
        raise ValueError(f"must be {A_SIZE}") from None
    return value


def _time_zone(value: str) -> str:
    name = value.replace(" ", "_")
    for spelling in (name, name.upper(), name.title()):  # people write utc and america/new york
        try:
            return ZoneInfo(spelling).key
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder or an endless name
            continue
    raise ValueError(f"must be {A_TIME_ZONE}")


Id = Annotated[str, AfterValidator(_id)]
"""The id of an engine, a style or a workflow."""
IdOrNothing = Annotated[str, AfterValidator(lambda value: value and _id(value))]
Whole = Annotated[int, BeforeValidator(_no_boolean)]
Amount = Annotated[float, BeforeValidator(_no_boolean), Field(ge=0, allow_inf_nan=False)]

Switch = Annotated[bool | None, Takes(N_("on or off"))]
EngineChoice = Annotated[Id | None, Takes(N_("the id of an engine, such as demo"))]


class SettingsGroup(BaseModel):
    """A closed, unchangeable group of settings. Its errors never repeat the values, which may be secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Preferences(SettingsGroup):
    """The preferences one layer sets; None = not set in this layer."""

    generate_engine: EngineChoice = Field(default=None, description=N_("The engine that draws new pictures."))
    edit_engine: EngineChoice = Field(default=None, description=N_("The engine that changes pictures."))
    size: Annotated[Annotated[str, AfterValidator(_size)] | None, Takes(A_SIZE)] = Field(
        default=None, description=N_("The size of new pictures.")
    )
    count: Annotated[Annotated[Whole, Field(ge=1, le=10)] | None, Takes(N_("a whole number from 1 to 10"))] = Field(
        default=None, description=N_("How many pictures one request makes.")
    )
    negative: Annotated[Annotated[str, Field(max_length=2000)] | None, Takes(N_("up to 2000 characters, or none"))] = (
        Field(default=None, description=N_("What pictures should not show, for engines that can be told."))
    )
    style: Annotated[IdOrNothing | None, Takes(N_("the id of a style, or none"))] = Field(
        default=None, description=N_("The style preset every request uses.")
    )
    enhance: Switch = Field(
        default=None, description=N_("Let the language model turn a request into a better prompt before drawing.")
    )
    acknowledge: Switch = Field(default=None, description=N_("Say a friendly sentence beside each picture."))
    router: Switch = Field(
        default=None, description=N_("Let the language model decide whether a plain message wants a picture.")
    )
    preview: Switch = Field(default=None, description=N_("Show the picture while it is being drawn."))
    details_line: Switch = Field(default=None, description=N_("Add a line with model and seed to every picture."))
    metadata: Switch = Field(default=None, description=N_("Store prompt and seed inside the picture file."))
    language: Annotated[Language | None, Takes(N_("en, zh-CN or zh-TW"))] = Field(
        default=None, description=N_("The language Easel speaks.")
    )
    reply_in: Annotated[Literal["reply", "thread", "channel"] | None, Takes(N_("reply, thread or channel"))] = Field(
        default=None,
        description=N_("Where pictures go: as a reply, in a thread of their own, or plainly in the channel."),
    )
    mention_trigger: Switch = Field(default=None, description=N_("Draw when Easel is mentioned, without a command."))
    spoiler: Annotated[Literal["never", "flagged", "always"] | None, Takes(N_("never, flagged or always"))] = Field(
        default=None,
        description=N_("Which pictures are hidden until clicked: none, those flagged as sensitive, or all."),
    )
    moderation: Annotated[Literal["off", "words", "provider"] | None, Takes(N_("off, words or provider"))] = Field(
        default=None,
        description=N_("How prompts are checked: not at all, against a word list, or by a moderation service."),
    )
    generate_enabled: Switch = Field(default=None, description=N_("Whether new pictures may be drawn."))
    edit_enabled: Switch = Field(default=None, description=N_("Whether pictures may be changed."))
    time_zone: Annotated[Annotated[str, AfterValidator(_time_zone)] | None, Takes(A_TIME_ZONE)] = Field(
        default=None, description=N_("The time zone for dates, and for when a day of the limits begins.")
    )


class Policy(SettingsGroup):
    """What no request may exceed; a preference beyond it is clamped, a request beyond it refused."""

    max_count: Annotated[Whole, Field(ge=1, le=10)] = Field(default=4, description="Pictures of one request.")
    max_pixels: Annotated[Whole, Field(ge=4096)] = Field(default=4194304, description="Width × height of one picture.")
    max_steps: Annotated[Whole, Field(ge=1)] = Field(default=60, description="Drawing steps of one picture.")


_SPELLINGS = {
    **dict.fromkeys(("开", "開", "开启", "開啟", "是"), "on"),
    **dict.fromkeys(("关", "關", "关闭", "關閉", "否"), "off"),
    "english": "en",
    **dict.fromkeys(("zh-cn", "zh_cn", "简体中文", "简体", "中文"), "zh-CN"),
    **dict.fromkeys(("zh-tw", "zh_tw", "繁體中文", "繁體", "正體中文"), "zh-TW"),
}
"""What people write → what the model takes."""
_MAY_BE_EMPTY = ("negative", "style")
_EMPTY = ("", "none", "-", "无", "無")


def takes(name: str) -> str:
    """Return which values the preference `name` takes, in English words that complete “it takes …”."""
    return next(mark.text for mark in Preferences.model_fields[name].metadata if isinstance(mark, Takes))


def parse_value(name: str, text: str) -> object:
    """Return the value of the preference `name` that a person wrote as `text`.

    Understands on/off/yes/no, any case, full-width characters, the names of the languages, and `none` where nothing is
    a value. Raises UnknownSetting or BadSetting.
    """
    if name not in Preferences.model_fields:
        raise UnknownSetting(name=_shown(name), known=", ".join(Preferences.model_fields))
    written = text.strip()
    plain = unicodedata.normalize("NFKC", written)
    folded = plain.casefold()
    if name in _MAY_BE_EMPTY and folded in _EMPTY:
        return ""
    for reading in (written, plain, folded, _SPELLINGS.get(folded, folded)):
        try:
            return getattr(Preferences.model_validate({name: reading}), name)
        except ValidationError:
            continue
    raise BadSetting(name=name, value=_shown(written), expected=takes(name))


def _shown(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
