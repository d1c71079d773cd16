"""Preferences: the nearest layer wins, policy clamps, people's spellings are understood, the page about it is true."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadSetting, UnknownSetting
from bot.i18n.negotiate import LANGUAGES
from bot.settings.layers import GUARDED, Effective, Layer, resolve
from bot.settings.models import Language, Policy, Preferences, parse_value, takes
from scripts.write_settings_docs import PAGE, updated

NEAREST_FIRST: tuple[Layer, ...] = get_args(Layer)
EXAMPLES: dict[str, list[Any]] = {
    "generate_engine": ["demo", "home_gpu"],
    "edit_engine": ["demo", "cloud"],
    "size": ["1024x1024", "portrait", "16:9"],
    "count": list(range(1, 11)),
    "negative": ["", "people, text"],
    "style": ["", "watercolour"],
    "language": list(get_args(Language)),
    "reply_in": ["reply", "thread", "channel"],
    "spoiler": ["never", "flagged", "always"],
    "moderation": ["off", "words", "provider"],
    "time_zone": ["UTC", "Europe/Berlin"],
}
FIELDS = {name: st.sampled_from(EXAMPLES.get(name, [True, False])) for name in Preferences.model_fields}
preferences = st.fixed_dictionaries({}, optional=FIELDS).map(Preferences.model_validate)
layers = st.dictionaries(st.sampled_from(NEAREST_FIRST[:-1]), preferences)
policies = st.builds(Policy, max_count=st.integers(1, 10))
NO_LIMIT = Policy(max_count=10)


@given(layers)
def test_the_nearest_layer_that_sets_a_preference_wins_for_each_one_by_itself(
    given_layers: dict[Layer, Preferences],
) -> None:
    effective = resolve(given_layers, NO_LIMIT)
    for field in dataclasses.fields(Effective):
        if field.name not in Preferences.model_fields or field.name in GUARDED:
            continue
        setters = [
            layer
            for layer in NEAREST_FIRST
            if layer in given_layers and getattr(given_layers[layer], field.name) is not None
        ]
        expected = getattr(given_layers[setters[0]], field.name) if setters else field.default
        assert getattr(effective, field.name) == expected
        assert effective.source[field.name] == (setters[0] if setters else "built-in")


@given(layers)
def test_people_can_only_make_stricter_what_guards_a_server(given_layers: dict[Layer, Preferences]) -> None:
    theirs = [given_layers[layer] for layer in ("request", "person") if layer in given_layers]
    for name, order in GUARDED.items():
        wanted = [nearest_of_the_server(given_layers, name), *(getattr(each, name) for each in theirs)]
        strictest = max((each for each in wanted if each is not None), key=order.index)
        assert getattr(resolve(given_layers, NO_LIMIT), name) == strictest


def nearest_of_the_server(given_layers: dict[Layer, Preferences], name: str) -> object:
    found = (getattr(given_layers[layer], name) for layer in ("channel", "server", "operator") if layer in given_layers)
    default = next(field.default for field in dataclasses.fields(Effective) if field.name == name)
    return next((each for each in found if each is not None), default)


@given(layers, policies)
def test_a_preference_never_exceeds_policy_and_what_was_cut_is_known(
    given_layers: dict[Layer, Preferences], policy: Policy
) -> None:
    free, bound = resolve(given_layers, NO_LIMIT), resolve(given_layers, policy)
    assert bound.source == free.source
    if free.source["count"] == "request" or free.count <= policy.max_count:
        assert (bound.count, bound.clamped) == (free.count, {})
    else:
        assert (bound.count, bound.clamped) == (policy.max_count, {"count": free.count})


def test_a_request_beyond_policy_is_left_for_the_refusal_to_name() -> None:
    effective = resolve({"request": Preferences(count=9), "person": Preferences(count=2)}, Policy(max_count=4))
    assert (effective.count, effective.source["count"], effective.clamped) == (9, "request", {})


def test_effective_has_every_preference_with_its_type() -> None:
    hints = typing.get_type_hints(Effective)
    preferences = typing.get_type_hints(Preferences)
    assert set(hints) == {*preferences, "source", "clamped"}
    for name, wanted in preferences.items():
        assert hints[name] in (wanted, *(arg for arg in get_args(wanted) if arg is not type(None))), name


def test_the_built_in_values_are_values_of_the_preferences() -> None:
    built_in = resolve({}, Policy())
    values = {name: getattr(built_in, name) for name in Preferences.model_fields}
    assert Preferences.model_validate(values).model_dump() == values


def test_languages_are_those_there_is_a_catalogue_of() -> None:
    assert get_args(Language) == LANGUAGES


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("enhance", "on", True),
        ("enhance", " Yes ", True),
        ("enhance", "ＯＮ", True),
        ("enhance", "开", True),
        ("enhance", "關閉", False),
        ("preview", "no", False),
        ("preview", "OFF", False),
        ("count", "4", 4),
        ("count", "４", 4),
        ("count", "10", 10),
        ("language", "zh-tw", "zh-TW"),
        ("language", "简体中文", "zh-CN"),
        ("language", "English", "en"),
        ("reply_in", "Thread", "thread"),
        ("moderation", "off", "off"),
        ("generate_engine", "Home_GPU", "home_gpu"),
        ("size", "16:9", "16:9"),
        ("negative", " People, TEXT ", "People, TEXT"),
        ("negative", "none", ""),
        ("style", "None", ""),
        ("time_zone", "Europe/Berlin", "Europe/Berlin"),
        ("time_zone", "america/new york", "America/New_York"),
        ("time_zone", "utc", "UTC"),
    ],
)
def test_values_are_understood_as_people_write_them(name: str, text: str, value: object) -> None:
    parsed = parse_value(name, text)
    assert (type(parsed), parsed) == (type(value), value)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("count", "eleven", "“eleven” does not fit the setting count: it takes a whole number from 1 to 10."),
        ("count", "0", "“0” does not fit the setting count: it takes a whole number from 1 to 10."),
        ("enhance", "maybe", "“maybe” does not fit the setting enhance: it takes on or off."),
        ("language", "klingon", "“klingon” does not fit the setting language: it takes en, zh-CN or zh-TW."),
        (
            "time_zone",
            "Europe",
            "“Europe” does not fit the setting time_zone: it takes a time zone such as Europe/Berlin or Asia/Shanghai.",
        ),
        (
            "generate_engine",
            "home__gpu",
            "“home__gpu” does not fit the setting generate_engine: it takes the id of an engine, such as demo.",
        ),
        (
            "negative",
            "x" * 2001,
            f"“{'x' * 59}…” does not fit the setting negative: it takes up to 2000 characters, or none.",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_answered_with_what_does(name: str, text: str, sentence: str) -> None:
    with pytest.raises(BadSetting) as caught:
        parse_value(name, text)
    assert str(caught.value) == sentence


def test_a_setting_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(UnknownSetting) as caught:
        parse_value("colour", "red")
    known = ", ".join(Preferences.model_fields)
    assert str(caught.value) == f"There is no setting called “colour”. The settings are: {known}."


@given(st.sampled_from(list(Preferences.model_fields)), st.text())
def test_any_text_gives_a_value_of_the_preference_or_a_plain_refusal(name: str, text: str) -> None:
    try:
        value = parse_value(name, text)
    except BadSetting as error:
        assert takes(name) in str(error)
    else:
        assert getattr(Preferences.model_validate({name: value}), name) == value


def test_every_preference_says_what_it_means_and_takes() -> None:
    for name, field in Preferences.model_fields.items():
        assert (field.description or "").endswith("."), name
        assert takes(name), name


def test_the_page_of_settings_is_up_to_date() -> None:
    page = PAGE.read_text("utf-8")
    assert page == updated(page), "run: python scripts/write_settings_docs.py"
    assert all(f"| `{name}` |" in page for name in Preferences.model_fields)
