"""The local Discord seen through the real discord.py: logging in, what people do, what the bot answers."""

from __future__ import annotations

import asyncio
import io

import aiohttp
import discord
import pytest
from discord import app_commands

from tests.support.discord.commands import Refused
from tests.support.discord.launch import connected, redirected
from tests.support.discord.probe import Scene, scene
from tests.support.discord.server import serving
from tests.support.engines import png

RED, BLUE = png(8, 6, (255, 0, 0)), png(5, 5, (0, 0, 255))


def file(data: bytes = RED, name: str = "fox.png", alt: str | None = None) -> discord.File:
    return discord.File(io.BytesIO(data), name, description=alt)


async def test_a_client_logs_in_and_knows_its_guilds(at: Scene) -> None:
    guild = at.bot.get_guild(at.guild.id)

    assert at.bot.user and at.bot.user.id == at.server.bot.id
    assert guild and guild.name == "Painters" and guild.me.id == at.server.bot.id
    assert [each.name for each in guild.text_channels] == ["general"]
    assert at.server.gateway.identified[0]["intents"] & 1 << 15


async def test_a_slash_command_with_a_file_is_deferred_and_answered(at: Scene) -> None:
    asked = await at.ann.slash(at.channel, "imagine", prompt="a red fox", image=RED, count=2)
    interaction = await at.bot.interaction()
    await interaction.response.defer(thinking=True)

    assert asked.original and asked.original.loading
    assert asked.acknowledged_after is not None and asked.acknowledged_after >= 0
    image = next(iter(interaction.data["resolved"]["attachments"].values()))  # type: ignore[index, typeddict-item]
    assert interaction.data["options"][2] == {"name": "count", "type": 4, "value": 2}  # type: ignore[index, typeddict-item]
    assert image["width"], image["height"] == (8, 6)

    await interaction.edit_original_response(content="accepted", attachments=[file(alt="a fox")])
    answer = await asked.answer()

    assert (answer.content, answer.loading, answer.edits) == ("accepted", False, [])
    assert [(each.filename, each.data, each.description) for each in answer.attachments] == [("fox.png", RED, "a fox")]


async def test_attachments_are_read_by_link_until_it_expires(at: Scene) -> None:
    await at.ann.says(at.channel, "look", files=[("my picture.png", RED)])
    attachment = (await at.bot.message()).attachments[0]

    assert (attachment.filename, attachment.width, attachment.content_type) == ("my_picture.png", 8, "image/png")
    assert await attachment.read() == RED
    assert await attachment.read(use_cached=True) != RED  # the proxy may give anything
    at.server.world.cdn.expire()
    with pytest.raises(discord.NotFound):
        await attachment.read()


async def test_a_link_dies_after_a_day_and_fetching_the_message_gives_a_new_one(at: Scene) -> None:
    await at.ann.says(at.channel, "look", files=[RED])
    message = await at.bot.message()
    at.server.clock.advance(24 * 3600)
    with pytest.raises(discord.NotFound):
        await message.attachments[0].read()

    again = await at.place.fetch_message(message.id)

    assert await again.attachments[0].read() == RED


async def test_a_link_that_was_tampered_with_is_refused(at: Scene) -> None:
    message = await at.ann.says(at.channel, files=[RED])
    link = at.server.world.cdn.link(message.attachments[0])
    async with aiohttp.ClientSession() as session:
        for url, status in ((link, 200), (link.replace("hm=", "hm=0"), 404), (link.partition("?")[0], 404)):
            async with session.get(url) as answer:
                assert answer.status == status


async def test_the_bot_posts_replies_and_edits(at: Scene) -> None:
    asked = await at.ann.says(at.channel, "draw", mention=at.server.bot)
    await (await at.bot.message()).reply("here", files=[file(), file(BLUE, "b.png")])
    posted = await at.channel.next_message(by=at.server.bot)

    assert posted.reference is asked and posted.pings.replied is at.ann
    assert [each.data for each in posted.attachments] == [RED, BLUE]
    assert [each.size for each in posted.attachments] == [(8, 6), (5, 5)]

    mine = await at.place.fetch_message(posted.id)
    await mine.edit(content="only one", attachments=[mine.attachments[1]])
    assert (posted.content, [each.data for each in posted.attachments]) == ("only one", [BLUE])
    assert posted.edits[0].content == "here" and len(posted.edits[0].files) == 2

    await mine.delete()
    assert posted.deleted and posted not in at.channel.messages


async def test_files_shown_by_embeds_or_components_are_no_attachments(at: Scene) -> None:
    embed = discord.Embed(title="a fox").set_image(url="attachment://fox.png")
    sent = await at.place.send(embed=embed, file=file())
    assert sent.attachments == [] and sent.embeds[0].image.url
    assert sent.embeds[0].image.url.startswith(at.server.root)

    view = discord.ui.LayoutView(timeout=None)
    gallery: discord.ui.MediaGallery[discord.ui.LayoutView] = discord.ui.MediaGallery(
        discord.MediaGalleryItem("attachment://fox.png", description="a fox")
    )
    view.add_item(discord.ui.Container(gallery, discord.ui.TextDisplay("Here it is")))
    sent = await at.place.send(view=view, file=file())
    posted = at.channel.messages[-1]
    assert sent.attachments == [] and [each.data for each in posted.files] == [RED]
    assert posted.text == "Here it is"
    item = sent.components[0].children[0].items[0]  # type: ignore[union-attr]
    assert item.media.attachment_id == posted.files[0].id and item.media.width == 8


async def test_buttons_and_selects(at: Scene) -> None:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Again", emoji="🔁", custom_id="img:again:1"))
    view.add_item(discord.ui.Button(label="Gone", custom_id="img:gone:1", disabled=True))
    options = [discord.SelectOption(label="First", value="1"), discord.SelectOption(label="Second", value="2")]
    view.add_item(discord.ui.Select(custom_id="img:pick", options=options, placeholder="Which?"))
    await at.place.send("done", view=view)
    message = await at.channel.next_message()
    assert message.labels == ["🔁 Again"]
    pressed = await at.ann.presses(message, "Again")
    interaction = await at.bot.interaction()
    assert interaction.data and interaction.data["custom_id"] == "img:again:1"  # type: ignore[typeddict-item]
    assert interaction.message and interaction.message.id == message.id
    await interaction.response.edit_message(content="once more")
    assert pressed.response_type == 7 and message.content == "once more"

    await at.ann.chooses(message, "Which?", "Second")
    interaction = await at.bot.interaction()
    assert interaction.data and interaction.data["values"] == ["2"]  # type: ignore[typeddict-item]
    await interaction.response.defer()
    await interaction.followup.send("you chose", ephemeral=True)
    assert [each.text for each in at.ann.sees(at.channel)] == ["once more", "you chose"]
    assert [each.text for each in at.channel.messages] == ["once more"]
    with pytest.raises(Refused, match="disabled"):
        await at.ann.presses(message, "Gone")
    with pytest.raises(Refused, match="nothing called"):
        await at.ann.presses(message, "Upscale")


async def test_a_menu_opens_a_modal_that_is_submitted(at: Scene) -> None:
    picture = await at.ann.says(at.channel, "mine", files=[RED])
    chosen = await at.ann.menu(picture, "Edit this image")
    interaction = await at.bot.interaction()
    target = next(iter(interaction.data["resolved"]["messages"].values()))  # type: ignore[index, typeddict-item]
    assert target["attachments"][0]["filename"] == "image.png"

    modal = discord.ui.Modal(title="Edit", custom_id="edit:1")
    prompt = discord.ui.TextInput[discord.ui.Modal](custom_id="edit:prompt", default="as it is", max_length=40)
    modal.add_item(discord.ui.Label(text="Change", component=prompt))
    upload = discord.ui.FileUpload[discord.ui.Modal](custom_id="edit:mask", required=False)
    modal.add_item(discord.ui.Label(text="Mask", component=upload))
    await interaction.response.send_modal(modal)
    opened = await chosen.modal()

    assert opened.title == "Edit" and opened.values == {"edit:prompt": "as it is"}
    with pytest.raises(Refused, match="no field"):
        await at.ann.submits(opened, colour="red")
    with pytest.raises(Refused, match="characters"):
        await at.ann.submits(opened, prompt="x" * 41)
    submitted = await at.ann.submits(chosen, prompt="make it night", mask=BLUE)
    interaction = await at.bot.interaction()
    await interaction.response.send_message("working", ephemeral=True)

    assert prompt.value == "make it night" and [await each.read() for each in upload.values] == [BLUE]
    assert (await submitted.answer()).ephemeral_to is at.ann
    assert at.server.rest.requests[-1].status == 200


async def test_autocomplete_offers_choices(at: Scene) -> None:
    typing = asyncio.create_task(at.ann.autocompletes(at.channel, "imagine", "model", "flu", prompt="x"))
    interaction = await at.bot.interaction()
    assert [each.get("focused") for each in interaction.data["options"]] == [None, True]  # type: ignore[index, typeddict-item]
    await interaction.response.autocomplete([app_commands.Choice(name="Flux", value="flux")])

    assert await typing == [{"name": "Flux", "value": "flux"}]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("imagine", {}, "needs"),
        ("imagine", {"prompt": "x", "colour": "red"}, "no options"),
        ("imagine", {"prompt": "x", "count": 5}, "between 1 and 4"),
        ("imagine", {"prompt": "x", "count": "2"}, "takes int"),
        ("imagine", {"prompt": "x" * 1001}, "between None and 1000"),
        ("imagine", {"prompt": "x", "image": "fox.png"}, "takes Upload"),
        ("engine", {}, "needs a subcommand"),
        ("engine add", {}, "no subcommand"),
        ("setup", {}, "not offered"),
        ("draw", {}, "no command"),
    ],
)
async def test_the_client_refuses_what_was_not_registered(
    at: Scene, name: str, options: dict[str, object], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        await at.ann.slash(at.channel, name, **options)


async def test_commands_for_admins_and_for_guilds(at: Scene) -> None:
    bob = at.guild.member("Bob", "manage_guild")
    await bob.slash(at.channel, "setup")
    interaction = await at.bot.interaction()
    assert interaction.permissions.manage_guild and interaction.user.id == bob.id

    at.guild.overridden.add("setup")
    await at.ann.slash(at.channel, "setup")
    assert not (await at.bot.interaction()).permissions.manage_guild

    await at.ann.slash(at.channel, "engine use", id="home")
    interaction = await at.bot.interaction()
    assert interaction.data["options"][0]["options"] == [{"name": "id", "type": 3, "value": "home"}]  # type: ignore[index, typeddict-item]
    with pytest.raises(Refused, match="not offered in @Ann"):
        await at.ann.slash(at.ann.dm(), "engine use", id="home")


async def test_direct_messages(at: Scene) -> None:
    await at.ann.says(at.ann.dm(), "hello", files=[RED])
    message = await at.bot.message()
    assert message.guild is None and isinstance(message.channel, discord.DMChannel)
    await message.channel.send("hi")
    assert (await at.ann.dm().next_message(by=at.server.bot)).text == "hi"

    await at.ann.slash(at.ann.dm(), "imagine", prompt="x")
    interaction = await at.bot.interaction()
    assert interaction.guild is None and interaction.context.dm_channel
    await interaction.response.send_message("ok")

    user = await at.bot.fetch_user(at.ann.id)
    at.ann.close_dms()
    with pytest.raises(discord.Forbidden) as refused:
        await user.send("psst")
    assert refused.value.code == 50007


async def test_a_command_tree_is_registered_and_answers() -> None:
    class Bot(discord.Client):
        async def setup_hook(self) -> None:
            await tree.sync()

    bot = Bot(intents=discord.Intents.default())
    tree = app_commands.CommandTree(bot)

    @tree.command(description="Draws")
    @app_commands.describe(size="How large")
    async def imagine(
        interaction: discord.Interaction, prompt: str, size: app_commands.Range[int, 64, 2048] = 512
    ) -> None:
        await interaction.response.send_message(f"{prompt} at {size}")

    async with serving(check_answers=True) as server:
        channel = server.guild("Painters").channel("general")
        ann = channel.guild.member("Ann") if channel.guild else server.person("Ann")
        with redirected(server):
            async with connected(server, bot):
                await server.registered("imagine")
                asked = await ann.slash(channel, "imagine", prompt="a fox", size=64)
                assert (await asked.answer()).text == "a fox at 64"


async def test_waiting_in_vain_says_what_was_there(at: Scene) -> None:
    await at.ann.says(at.channel, "hello", files=[RED])

    with pytest.raises(AssertionError, match=r"#general holds:\n  Ann: 'hello' \(1 files\)"):
        await at.channel.next_message(by=at.server.bot, timeout=0.01)


async def test_a_picture_elsewhere_is_shown_through_the_proxy(at: Scene) -> None:
    await at.ann.says(at.channel, "see", embeds=[at.server.world.cdn.preview("fox.png", RED)])
    thumbnail = (await at.bot.message()).embeds[0].thumbnail

    assert (thumbnail.url, thumbnail.width) == ("https://example.org/fox.png", 8)
    assert thumbnail.proxy_url and await at.bot.http.get_from_cdn(thumbnail.proxy_url) == RED


async def test_what_the_local_discord_does_not_understand_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="does not understand"):
        async with scene() as at, aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bot {at.server.token}"}
            async with session.get(f"{at.server.api}/users/me", headers=headers) as answer:
                assert answer.status == 500
