"""What the local Discord checks when commands are registered, and bodies against Discord's own schema."""

from __future__ import annotations

import json
from pathlib import Path

import discord
import pytest
from discord.http import Route

from tests.support.discord import schema
from tests.support.discord.errors import Payload
from tests.support.discord.forms import Body
from tests.support.discord.probe import COMMANDS, Scene, refused, scene


def command(**more: object) -> Payload:
    return {"name": "draw", "description": "Draws", **more}


def option(**more: object) -> Payload:
    return {"type": 3, "name": "prompt", "description": "What", **more}


CHOICES = [{"name": f"{n}" * 50, "value": f"{n}" * 50} for n in range(10, 35)]
WRONG_COMMANDS: list[tuple[list[Payload], str]] = [
    ([command(name="Draw")], "0.name"),
    ([command(description="")], "0.description"),
    ([command(), command()], "1"),
    ([command(options=[option(name=f"a{each}") for each in range(26)])], "0.options"),
    ([command(options=[option(), option()])], "0.options"),
    ([command(options=[option(), option(name="image", required=True)])], "0.options.1"),
    ([command(options=[option(description="x" * 101)])], "0.options.0.description"),
    (
        [command(options=[option(choices=[{"name": f"{n}", "value": f"{n}"} for n in range(26)])])],
        "0.options.0.choices",
    ),
    ([command(options=[option(), option(type=1, name="sub")])], "0.options"),
    ([command(options=[option(name=f"a{n}", description="x" * 100, choices=CHOICES) for n in range(4)])], "0"),
    ([command(name_localizations={"de": "Malen Bitte"})], "0.name_localizations.de"),
]


@pytest.mark.parametrize(("commands", "where"), WRONG_COMMANDS, ids=range(len(WRONG_COMMANDS)))
async def test_a_wrong_command_is_not_registered(at: Scene, commands: list[Payload], where: str) -> None:
    assert at.bot.application_id
    error = await refused(400, 50035, at.bot.http.bulk_upsert_global_commands(at.bot.application_id, commands))

    assert f"In {where}" in error.text
    assert len(at.server.application.commands.all) == len(COMMANDS)
    at.server.violations.clear()


async def test_there_may_be_a_hundred_commands_and_fifteen_menus(at: Scene) -> None:
    assert at.bot.application_id
    register = at.bot.http.bulk_upsert_global_commands
    menus = [{"name": f"Menu {each}", "type": 3} for each in range(16)]
    await refused(400, 30032, register(at.bot.application_id, menus))
    await register(at.bot.application_id, menus[:15])
    await refused(400, 30032, register(at.bot.application_id, [command(name=f"c{each}") for each in range(101)]))
    assert len(at.server.application.commands.all) == 15


def schemas(**more: Payload) -> Payload:
    """Return a small OpenAPI document: messages with parts, of which each is a text or a button."""
    parts: Payload = {"type": "array", "items": {"oneOf": [{"$ref": f"#/components/schemas/{each}"} for each in more]}}
    message: Payload = {"type": "object", "properties": {"parts": parts, "to": {"$ref": f"{AT}/SnowflakeType"}}}
    content = {"application/json": {"schema": {"$ref": f"{AT}/Message"}}}
    path = {"post": {"requestBody": {"content": content}, "responses": {"200": {"content": content}}}}
    snowflake: Payload = {"type": "string"}
    every = {**more, "Message": message, "SnowflakeType": snowflake}
    return {"paths": {"/channels/{channel_id}/messages": path}, "components": {"schemas": every}}


AT = "#/components/schemas"
TEXT: Payload = {"properties": {"type": {"enum": [1]}, "words": {"maxLength": 3}}, "required": ["type", "words"]}
BUTTON: Payload = {"properties": {"type": {"enum": [2]}, "label": {"maxLength": 5}}, "required": ["type", "label"]}
ROUTE = "POST /channels/{channel_id}/messages"


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> schema.Schema:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(schemas(Text=TEXT, Button=BUTTON)))
    monkeypatch.setenv("DISCORD_OPENAPI", str(document))
    return schema.Schema()


def test_a_body_against_the_schema_is_named_with_its_place_and_reason(checked: schema.Schema) -> None:
    body = Body({"parts": [{"type": 1, "words": "fox"}, {"type": 2, "label": "too long"}]}, size=1)

    assert checked.request(ROUTE, body) == [f"{ROUTE}: $.parts[1].label: 'too long' is too long"]
    assert checked.request(ROUTE, Body({"parts": [{"type": 2, "label": "Again"}]})) == []
    assert checked.request("POST /nowhere", body) == [
        "POST /nowhere: Discord has no such route, or it takes no such body"
    ]


def test_ids_may_be_numbers_in_requests_and_not_in_answers(checked: schema.Schema) -> None:
    assert checked.request(ROUTE, Body({"to": 1})) == []
    assert checked.answer(ROUTE, 200, {"to": 1}) == [f"answer 200 to {ROUTE}: $.to: 1 is not of type 'string'"]


def test_without_the_document_nothing_is_checked_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checked: schema.Schema
) -> None:
    assert schema.note() is None
    monkeypatch.setenv("DISCORD_OPENAPI", str(tmp_path / "no.json"))

    assert schema.Schema().request(ROUTE, Body({"parts": [1]})) == []
    assert "bodies were not checked" in (schema.note() or "")


async def test_a_scenario_that_broke_the_schema_fails_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checked: schema.Schema
) -> None:
    with pytest.raises(AssertionError, match="too long"):
        async with scene() as broken:
            broken.server.violations.clear()  # the small document knows nothing else
            path = f"/channels/{broken.channel.id}/messages"
            with pytest.raises(discord.HTTPException):
                await broken.bot.http.request(Route("POST", path), json={"parts": [{"type": 2, "label": "too long"}]})
