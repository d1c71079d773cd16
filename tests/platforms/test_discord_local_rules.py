"""Permissions, message content and mentions: what the local Discord allows the bot, and what it shows it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import discord
import pytest
from discord.http import Route

from tests.support.discord.launch import connected, redirected
from tests.support.discord.model import Message
from tests.support.discord.probe import Probe, Scene, refused, scene
from tests.support.discord.server import serving
from tests.support.engines import png

PNG = png()


@pytest.fixture
async def blind() -> AsyncIterator[Scene]:
    """A bot whose owner did not switch the message content intent on."""
    async with scene(message_content=False) as made:
        yield made


async def test_sending_takes_permission_and_answering_an_interaction_does_not(at: Scene) -> None:
    at.channel.deny(at.server.bot, "send_messages", "attach_files")
    asked = await at.ann.slash(at.channel, "imagine", prompt="x")
    interaction = await at.bot.interaction()

    assert not interaction.app_permissions.send_messages and interaction.app_permissions.view_channel
    guild = at.bot.get_guild(at.guild.id)
    channel = guild and guild.get_channel(at.channel.id)
    assert guild and channel and not channel.permissions_for(guild.me).attach_files
    await refused(403, 50013, at.place.send("no"))
    await refused(403, 50013, at.place.typing().__aenter__())
    await interaction.response.send_message(file=discord.File(io.BytesIO(PNG), "fox.png"))
    assert (await asked.answer()).attachments[0].data == PNG


async def test_files_embeds_and_history_take_permissions_of_their_own(at: Scene) -> None:
    asked = await at.ann.says(at.channel, "hello")
    at.channel.deny(at.server.bot, "attach_files", "embed_links", "read_message_history", "add_reactions")
    message = await at.bot.message()

    await refused(403, 50013, at.place.send(file=discord.File(io.BytesIO(PNG), "fox.png")))
    assert (await at.place.send("look", embed=discord.Embed(title="gone"))).embeds == []
    await refused(403, 160002, message.reply("hi"))
    await refused(403, 50001, at.place.fetch_message(asked.id))
    await refused(403, 50013, message.add_reaction("⭐"))
    assert [each async for each in at.place.history()] == []


async def test_permissions_of_everybody_and_roles_of_the_bot_are_told_to_it(at: Scene) -> None:
    at.guild.deny("attach_files")
    at.guild.join(at.server.bot, at.guild.role("moderator", "manage_messages"))
    await at.ann.says(at.channel, "now?")
    await at.bot.message()
    guild = at.bot.get_guild(at.guild.id)

    assert guild and guild.me.guild_permissions.manage_messages and not guild.me.guild_permissions.attach_files
    await refused(403, 50013, at.place.send(file=discord.File(io.BytesIO(PNG), "fox.png")))


async def test_a_hidden_channel_is_out_of_reach(at: Scene) -> None:
    at.channel.deny(at.server.bot, "view_channel")
    await at.ann.says(at.channel, "a secret")
    other = at.guild.channel("open")
    await at.ann.says(other, "hello")

    assert (await at.bot.message()).content == "hello"
    await refused(403, 50001, at.place.send("hi"))
    await refused(403, 50001, at.bot.fetch_channel(at.channel.id))


async def test_threads_have_their_own_permission(at: Scene) -> None:
    thread = at.guild.thread(at.channel, "foxes")
    await at.ann.says(thread, "here")
    message = await at.bot.message()
    assert isinstance(message.channel, discord.Thread) and message.channel.parent_id == at.channel.id
    at.channel.deny(at.server.bot, "send_messages")
    await message.reply("still allowed")
    at.channel.deny(at.guild.everyone, "send_messages_in_threads")
    await refused(403, 50013, message.reply("no more"))
    assert [each.text for each in thread.messages] == ["here", "still allowed"]


async def test_messages_of_others_and_things_that_are_not_there(at: Scene) -> None:
    asked = await at.ann.says(at.channel, "hello")
    message = await at.bot.message()

    await refused(403, 50005, at.bot.http.request(edit(asked), json={"content": "mine"}))
    await refused(403, 50013, message.delete())
    at.guild.join(at.server.bot, at.guild.role("moderator", "manage_messages"))
    await message.delete()
    assert asked.deleted
    await refused(404, 10008, at.place.fetch_message(asked.id))
    await refused(404, 10003, at.bot.http.request(Route("POST", "/channels/1/messages"), json={"content": "x"}))
    at.channel.delete()
    await refused(404, 10003, at.place.send("anybody?"))
    await refused(404, 0, at.bot.http.request(Route("GET", "/nowhere")))


def edit(message: Message) -> Route:
    path = "/channels/{channel_id}/messages/{message_id}"
    return Route("PATCH", path, channel_id=message.channel.id, message_id=message.id)


async def test_a_reply_to_a_deleted_message_is_refused_unless_it_may_fail(at: Scene) -> None:
    asked = await at.ann.says(at.channel, "hello")
    message = await at.bot.message()
    await at.ann.deletes(asked)

    error = await refused(400, 50035, message.reply("too late"))
    assert "Unknown message" in error.text
    await at.place.send("never mind", reference=message.to_reference(fail_if_not_exists=False))
    assert at.channel.messages[-1].reference is None


async def test_a_nonce_is_posted_once_for_some_minutes(at: Scene) -> None:
    first = await at.place.send("a fox", nonce="job1")
    again = await at.place.send("a fox", nonce="job1")
    assert first.id == again.id and len(at.channel.messages) == 1
    assert first.nonce == "job1" and (await at.place.fetch_message(first.id)).nonce is None

    at.server.clock.advance(301)
    assert (await at.place.send("a fox", nonce="job1")).id != first.id
    await refused(400, 50035, at.place.send("a fox", nonce="x" * 26))
    at.server.violations.clear()


# ── message content ─────────────────────────────────────────────────────────────────────────────────────────────────


async def seen(at: Scene) -> tuple[str, int]:
    message = await at.bot.message()
    return message.content, len(message.attachments)


async def test_without_the_intent_only_what_concerns_the_bot_is_readable(blind: Scene) -> None:
    bot, ann, channel = blind.server.bot, blind.ann, blind.channel
    await ann.says(channel, "secret", files=[PNG])
    assert await seen(blind) == ("", 0)
    await ann.says(channel, "look", mention=bot, files=[PNG])
    assert await seen(blind) == (f"{bot.mention} look", 1)
    await ann.says(ann.dm(), "privately", files=[PNG])
    assert await seen(blind) == ("privately", 1)

    await blind.place.send("a fox", file=discord.File(io.BytesIO(PNG), "fox.png"))
    assert await seen(blind) == ("a fox", 1)
    posted = await channel.next_message(by=bot)
    await ann.says(channel, "make it blue", reply_to=posted)
    assert await seen(blind) == ("make it blue", 0)
    await ann.says(channel, "make it blue", reply_to=posted, ping=False)
    assert await seen(blind) == ("", 0)


async def test_without_the_intent_a_reply_to_an_interaction_response_is_not_readable(blind: Scene) -> None:
    asked = await blind.ann.slash(blind.channel, "imagine", prompt="x")
    interaction = await blind.bot.interaction()
    await interaction.response.send_message("a fox")
    await blind.bot.message()
    await blind.ann.says(blind.channel, "make it blue", reply_to=await asked.answer())
    message = await blind.bot.message()

    assert message.content == "" and [each.id for each in message.mentions] == [blind.server.bot.id]


async def test_without_the_intent_somebody_elses_picture_comes_only_by_the_menu(blind: Scene) -> None:
    bob = blind.guild.member("Bob")
    theirs = await bob.says(blind.channel, "my fox", files=[PNG])
    await blind.bot.message()
    await blind.ann.says(blind.channel, "make it blue", mention=blind.server.bot, reply_to=theirs)
    message = await blind.bot.message()

    assert message.reference and isinstance(message.reference.resolved, discord.Message)
    assert (message.reference.resolved.content, message.reference.resolved.attachments) == ("", [])
    fetched = await blind.place.fetch_message(theirs.id)
    assert (fetched.content, fetched.attachments, fetched.author.id) == ("", [], bob.id)
    await blind.ann.menu(theirs, "Edit this image")
    interaction = await blind.bot.interaction()
    target = interaction.data["resolved"]["messages"][str(theirs.id)]  # type: ignore[index, typeddict-item]
    assert len(target["attachments"]) == 1 and target["content"] == "my fox"


async def test_forwards_carry_a_snapshot_without_an_author(at: Scene) -> None:
    theirs = await at.guild.member("Bob").says(at.channel, "my fox", files=[PNG])
    await at.bot.message()
    await at.ann.forwards(theirs, at.channel)
    message = await at.bot.message()

    assert message.reference and message.reference.type is discord.MessageReferenceType.forward
    assert message.content == "" and message.message_snapshots[0].content == "my fox"
    assert await message.message_snapshots[0].attachments[0].read() == PNG


async def test_the_intent_must_be_asked_for_and_rest_goes_by_the_switch() -> None:
    async with scene(message_content=True, asks_content=False) as at:
        theirs = await at.ann.says(at.channel, "hello")

        assert (await at.bot.message()).content == ""
        assert (await at.place.fetch_message(theirs.id)).content == "hello"


async def test_asking_for_an_intent_that_is_switched_off_ends_the_connection() -> None:
    async with serving(message_content=False) as server:
        with redirected(server), pytest.raises(discord.PrivilegedIntentsRequired):
            async with connected(server, Probe(message_content=True)):
                pass
        assert server.gateway.closed == [4014]


# ── mentions ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_channel_message_pings_whom_it_names_unless_told_otherwise(at: Scene) -> None:
    at.guild.join(at.server.bot, at.guild.role("loud", "mention_everyone"))
    role = at.guild.role("painters")
    text = f"@everyone {at.ann.mention} {role.mention}"
    sent = await at.place.send(text)
    pings = at.channel.messages[-1].pings
    assert (pings.users, pings.roles, pings.everyone) == ((at.ann,), (role,), True) and sent.mention_everyone

    await at.place.send(text, allowed_mentions=discord.AllowedMentions.none())
    assert not at.channel.messages[-1].pings
    await at.place.send(text, allowed_mentions=discord.AllowedMentions(everyone=False, roles=False, users=False))
    assert not at.channel.messages[-1].pings
    await at.place.send(text, allowed_mentions=discord.AllowedMentions(users=[discord.Object(at.ann.id)], roles=False))
    assert at.channel.messages[-1].pings.users == (at.ann,)
    both = {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}
    await refused(400, 50035, at.bot.http.request(Route("POST", f"/channels/{at.channel.id}/messages"), json=both))


async def test_everyone_takes_a_permission_and_an_interaction_pings_users_only(at: Scene) -> None:
    await at.place.send("@everyone")
    assert not at.channel.messages[-1].pings

    at.channel.allow(at.server.bot, "mention_everyone")
    interaction = await at.slash()
    await interaction.response.send_message(f"@everyone {at.ann.mention}")
    pings = at.channel.messages[-1].pings
    assert not pings.everyone and pings.users == (at.ann,)


async def test_an_edit_names_people_and_notifies_nobody(at: Scene) -> None:
    sent = await at.place.send("a fox")
    await sent.edit(content=f"{at.ann.mention} a fox")
    message = at.channel.messages[-1]
    assert (message.mentions.users, message.pings.users) == ((at.ann,), ())

    interaction = await at.slash()
    await interaction.response.defer(thinking=True)
    await interaction.edit_original_response(content=f"{at.ann.mention} a fox")
    assert at.channel.messages[-1].pings.users == (at.ann,)


async def test_a_person_who_edits_a_mention_in_makes_the_message_readable(blind: Scene) -> None:
    asked = await blind.ann.says(blind.channel, "look")
    assert (await blind.bot.message()).content == ""
    await blind.ann.edits(asked, f"look {blind.server.bot.mention}")
    assert (await blind.place.fetch_message(asked.id)).content == asked.content


async def test_replies_ping_unless_told_otherwise(at: Scene) -> None:
    await at.ann.says(at.channel, "hello")
    message = await at.bot.message()
    await message.reply("hi")
    assert at.channel.messages[-1].pings.people == (at.ann,)
    await message.reply("hi", mention_author=False)
    assert not at.channel.messages[-1].pings
