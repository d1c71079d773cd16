"""Preferences as they are kept: whose they are, which hold, who may change them, and that none is lost."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.config import Config
from bot.db.database import Database
from bot.db.schema import preferences
from bot.errors import BadSetting, NotAllowed, UnknownEngine, UnknownSetting
from bot.settings.engines import EngineSettings
from bot.settings.models import Preferences
from bot.settings.store import Settings, StoredLayer
from bot.types import Person, Place

ANN = Person("discord", "1")
BEN = Person("discord", "2")
ADMIN = Person("discord", "9", admin=True)
HERE = Place("discord", "guild", "general")
THREAD = dataclasses.replace(HERE, thread="t")
NEXT_DOOR = Place("discord", "guild", "random")
ELSEWHERE = Place("discord", "other", "general")
pytestmark = pytest.mark.both_databases

CONFIG = Config(
    engines={"demo": EngineSettings(type="demo"), "spare": EngineSettings(type="demo")},
    defaults=Preferences(size="portrait"),
)


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(database, CONFIG)


async def store(database: Database, layer: str, owner: str, data: dict[str, Any]) -> None:
    row = {"layer": layer, "owner": owner, "data": data, "changed": 0.0}
    await database.write(lambda tx: tx.execute(preferences.insert(), row))


async def stored(database: Database) -> list[tuple[str, str, dict[str, Any]]]:
    rows = await database.read(lambda tx: tx.execute(preferences.select().order_by(preferences.c.layer)).all())
    return [(row.layer, row.owner, row.data) for row in rows]


async def test_without_any_the_operators_and_the_built_in_hold(settings: Settings) -> None:
    effective = await settings.effective(ANN, HERE)
    assert (effective.size, effective.source["size"]) == ("portrait", "operator")
    assert (effective.count, effective.source["count"]) == (1, "built-in")


async def test_the_nearest_layer_holds_and_taking_it_back_shows_the_next(settings: Settings) -> None:
    layers: tuple[tuple[StoredLayer, str], ...] = (("server", "1:1"), ("channel", "16:9"), ("person", "square"))
    for layer, size in layers:
        effective = await settings.set(layer, ADMIN, HERE, "size", size)
        assert (effective.size, effective.source["size"]) == (size, layer)
    for layer, next_source in (("person", "channel"), ("channel", "server"), ("server", "operator")):
        effective = await settings.reset(layer, ADMIN, HERE, "size")
        assert effective.source["size"] == next_source


async def test_a_farther_layer_can_be_set_while_a_nearer_one_holds(settings: Settings) -> None:
    await settings.set("person", ADMIN, HERE, "size", "square")
    effective = await settings.set("server", ADMIN, HERE, "size", "16:9")
    assert (effective.size, effective.source["size"]) == ("square", "person")
    assert (await settings.effective(ANN, HERE)).size == "16:9"


@pytest.mark.parametrize(
    ("layer", "person", "place", "holds"),
    [
        ("person", ADMIN, ELSEWHERE, True),
        ("person", ANN, HERE, False),
        ("person", Person("matrix", ADMIN.id), HERE, False),
        ("channel", ANN, HERE, True),
        ("channel", ANN, THREAD, True),
        ("channel", ANN, NEXT_DOOR, False),
        ("server", ANN, NEXT_DOOR, True),
        ("server", ANN, ELSEWHERE, False),
    ],
)
async def test_a_preference_holds_for_its_owner_only(
    settings: Settings, layer: StoredLayer, person: Person, place: Place, holds: bool
) -> None:
    await settings.set(layer, ADMIN, HERE, "count", "3")
    assert ((await settings.effective(person, place)).count == 3) is holds


@pytest.mark.parametrize("layer", ["channel", "server"])
async def test_only_admins_change_a_channel_or_a_server(
    settings: Settings, database: Database, layer: StoredLayer
) -> None:
    with pytest.raises(NotAllowed):
        await settings.set(layer, ANN, HERE, "count", "3")
    with pytest.raises(NotAllowed):
        await settings.reset(layer, ANN, HERE)
    assert await stored(database) == []


async def test_what_does_not_fit_is_refused_and_not_stored(settings: Settings, database: Database) -> None:
    with pytest.raises(UnknownSetting, match="sise"):
        await settings.set("person", ANN, HERE, "sise", "16:9")
    with pytest.raises(UnknownSetting, match="sise"):
        await settings.reset("person", ANN, HERE, "sise")
    with pytest.raises(BadSetting, match="enormous"):
        await settings.set("person", ANN, HERE, "size", "enormous")
    for name in ("generate_engine", "edit_engine"):
        with pytest.raises(UnknownEngine, match=r"“cloud”.*demo, spare"):
            await settings.set("person", ANN, HERE, name, "cloud")
    assert await stored(database) == []


async def test_what_people_write_is_kept_as_its_value(settings: Settings, database: Database) -> None:
    for name, text in (("details_line", "Yes"), ("count", "２"), ("negative", "none"), ("edit_engine", "spare")):
        await settings.set("person", ANN, HERE, name, text)
    values = {"details_line": True, "count": 2, "negative": "", "edit_engine": "spare"}
    assert await stored(database) == [("person", "discord:1", values)]


async def test_taking_back_the_last_one_or_all_leaves_nothing(settings: Settings, database: Database) -> None:
    await settings.set("person", ANN, HERE, "count", "2")
    await settings.set("person", ANN, HERE, "size", "square")
    await settings.set("person", BEN, HERE, "size", "square")
    effective = await settings.reset("person", ANN, HERE)
    assert (effective.count, effective.size) == (1, "portrait")
    for _ in range(2):
        effective = await settings.reset("person", BEN, HERE, "size")
        assert effective.size == "portrait"
    assert [data for _, _, data in await stored(database)] == [{}, {}]


async def test_changes_at_the_same_time_are_all_kept(settings: Settings, database: Database) -> None:
    values = {"size": "square", "count": "2", "preview": "off", "negative": "rain", "spoiler": "always"}
    await asyncio.gather(*(settings.set("person", ANN, HERE, name, text) for name, text in values.items()))
    ((_, _, data),) = await stored(database)
    assert data == {"size": "square", "count": 2, "preview": False, "negative": "rain", "spoiler": "always"}


async def test_policy_cuts_a_preference_down(settings: Settings) -> None:
    effective = await settings.set("person", ANN, HERE, "count", "10")
    assert (effective.count, effective.clamped) == (CONFIG.limits.max_count, {"count": 10})


async def test_what_this_version_does_not_know_is_passed_over_and_kept(settings: Settings, database: Database) -> None:
    foreign = {"brush": "soft", "count": "many", "generate_engine": "gone", "negative": "secret words", "size": "1:1"}
    await store(database, "person", ANN.key, foreign)
    with capture_logs() as logs:
        effective = await settings.effective(ANN, HERE)
    assert (effective.count, effective.generate_engine) == (1, None)
    assert (effective.negative, effective.size) == ("secret words", "1:1")
    assert [entry["names"] for entry in logs] == [["brush", "count", "generate_engine"]]
    assert "secret words" not in str(logs)
    await settings.set("person", ANN, HERE, "size", "16:9")
    assert (await stored(database))[0][2] == {**foreign, "size": "16:9"}


@pytest.mark.parametrize(
    ("chosen", "locale", "operator", "language"),
    [
        (None, None, "en", "en"),
        (None, None, "zh-TW", "zh-TW"),
        (None, "zh-Hans-CN", "en", "zh-CN"),
        (None, "pt-BR", "zh-TW", "zh-TW"),
        (None, "en-GB", "zh-TW", "en"),
        ("zh-TW", "zh-CN", "en", "zh-TW"),
    ],
)
async def test_the_language_is_the_one_set_then_the_persons_then_the_operators(
    database: Database, chosen: str | None, locale: str | None, operator: Any, language: str
) -> None:
    settings = Settings(database, Config(language=operator))
    if chosen is not None:
        await settings.set("server", ADMIN, HERE, "language", chosen)
    assert await settings.language(Person("discord", "1", locale=locale), HERE) == language
