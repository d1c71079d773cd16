"""Interactions on the local Discord: three seconds, fifteen minutes, one first response, and who sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import Route

from tests.support.discord.commands import Refused
from tests.support.discord.probe import Scene, refused


def callback(interaction: discord.Interaction) -> Route:
    path = "/interactions/{interaction_id}/{interaction_token}/callback"
    return Route("POST", path, interaction_id=interaction.id, interaction_token=interaction.token)


async def test_after_three_seconds_the_interaction_is_unknown(at: Scene) -> None:
    asked = await at.ann.slash(at.channel, "imagine", prompt="x")
    interaction = await at.bot.interaction()
    at.server.clock.advance(3)

    await refused(404, 10062, interaction.response.defer())
    assert asked.failed and asked.refusals == [10062]


async def test_just_before_three_seconds_it_is_answered(at: Scene) -> None:
    asked = await at.ann.slash(at.channel, "imagine", prompt="x")
    interaction = await at.bot.interaction()
    at.server.clock.advance(2.9)

    await interaction.response.defer()
    assert not asked.failed and asked.response_type == 5


async def test_the_three_seconds_count_until_the_body_has_arrived(at: Scene) -> None:
    interaction = await at.slash()
    begun = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"type": 4, "data": '
        begun.set()
        await at.server.world.changes.until(lambda: at.server.clock.now() > late, lambda: "time stands still")
        yield b'{"content": "at last"}}'

    late = at.server.clock.now() + 2
    url = f"{at.server.api}/interactions/{interaction.id}/{interaction.token}/callback"
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:
        answering = asyncio.create_task(session.post(url, data=slowly()))
        await begun.wait()
        at.server.clock.advance(3)
        async with await answering as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, 10062)


async def test_after_fifteen_minutes_the_token_is_dead_and_the_channel_is_not(at: Scene) -> None:
    interaction = await at.slash()
    await interaction.response.defer(thinking=True)
    at.server.clock.advance(15 * 60)

    await refused(401, 50027, interaction.edit_original_response(content="done"))
    await refused(401, 50027, interaction.followup.send("done"))
    await refused(401, 50027, interaction.delete_original_response())
    await at.place.send("done")
    assert [each.text for each in at.channel.messages if not each.loading] == ["done"]


async def test_an_interaction_is_acknowledged_once(at: Scene) -> None:
    interaction = await at.slash()
    await interaction.response.defer()

    await refused(400, 40060, at.bot.http.request(callback(interaction), json={"type": 5}))


async def test_wrong_tokens_and_a_webhook_before_its_time(at: Scene) -> None:
    interaction = await at.slash()
    await refused(404, 10015, interaction.followup.send("too early"))
    wrong = Route("POST", "/interactions/1/{interaction_token}/callback", interaction_token="no")
    await refused(404, 10062, at.bot.http.request(wrong, json={"type": 5}))
    wrong = Route("PATCH", "/webhooks/{webhook_id}/no/messages/@original", webhook_id=at.bot.application_id)
    await refused(401, 50027, at.bot.http.request(wrong, json={"content": "x"}))
    wrong = Route("PATCH", "/webhooks/1/{webhook_token}/messages/@original", webhook_token=interaction.token)
    await refused(404, 10015, at.bot.http.request(wrong, json={"content": "x"}))


async def test_each_interaction_takes_its_own_kinds_of_response(at: Scene) -> None:
    interaction = await at.slash()
    for kind in (6, 7, 8, 1, None):
        await refused(400, 50035, at.bot.http.request(callback(interaction), json={"type": kind}))
    at.server.violations.clear()
    await interaction.response.send_modal(
        discord.ui.Modal(title="T", custom_id="m").add_item(discord.ui.TextInput[Any](label="L", custom_id="t"))
    )
    submitted = await at.ann.submits(await at.server.world.interactions[interaction.token].modal(), t="x")
    again = await at.bot.interaction()
    await refused(400, 50035, at.bot.http.request(callback(again), json={"type": 9, "data": {}}))
    at.server.violations.clear()
    assert submitted.response_type is None


async def test_the_first_followup_after_a_defer_fills_the_thinking_message(at: Scene) -> None:
    asked = await at.ann.slash(at.channel, "imagine", prompt="x")
    interaction = await at.bot.interaction()
    await interaction.response.defer(thinking=True)
    first = await interaction.followup.send("first", ephemeral=True, wait=True)
    second = await interaction.followup.send("second", ephemeral=True, wait=True)

    assert asked.original and first.id == asked.original.id and not asked.original.ephemeral_to
    assert [(each.text, each.ephemeral_to) for each in asked.answers] == [("first", None), ("second", at.ann)]
    await interaction.followup.edit_message(second.id, content="second!")
    await interaction.delete_original_response()
    assert [(each.text, each.deleted) for each in asked.answers] == [("first", True), ("second!", False)]
    await refused(404, 10008, interaction.edit_original_response(content="gone"))


async def test_ephemeral_messages_exist_only_on_the_webhook(at: Scene) -> None:
    interaction = await at.slash()
    await interaction.response.send_message("psst", ephemeral=True)
    message = await at.bot.message()

    assert message.guild is None and message.author.id == at.server.bot.id  # as if it were a DM
    await refused(404, 10008, at.place.fetch_message(message.id))
    await refused(404, 10008, at.bot.http.delete_message(at.channel.id, message.id))
    assert [each async for each in at.place.history()] == []
    assert (await interaction.original_response()).content == "psst"
    await interaction.edit_original_response(content="psst!")
    assert [each.text for each in at.ann.sees(at.channel)] == ["psst!"]
    bob = at.guild.member("Bob")
    assert bob.sees(at.channel) == []


async def test_an_app_installed_by_a_person_has_five_followups_and_no_channel(at: Scene) -> None:
    elsewhere = at.server.guild("Strangers", installed=False)
    channel, bob = elsewhere.channel("random"), elsewhere.member("Bob")
    await bob.slash(channel, "imagine", prompt="x")
    interaction = await at.bot.interaction()
    assert interaction.is_user_integration() and not interaction.is_guild_integration()
    await interaction.response.send_message("one")
    for number in range(5):
        await interaction.followup.send(f"{number}")

    await refused(400, 40094, interaction.followup.send("one too many"))
    await refused(403, 50001, at.bot.place(channel).send("psst"))
    with pytest.raises(Refused, match="cannot be installed"):
        await bob.slash(channel, "engine use", id="x")
