"""Discord's limits on what is posted and registered, as the local Discord enforces them."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest
from discord.http import Route

from tests.support.discord.errors import Payload
from tests.support.discord.probe import Scene, refused
from tests.support.engines import png

MIB = 1 << 20
PNG = png()
V2 = 1 << 15


def button(custom_id: str, label: str = "x") -> Payload:
    return {"type": 2, "style": 2, "label": label, "custom_id": custom_id}


def row(*parts: Payload) -> Payload:
    return {"type": 1, "components": list(parts)}


def select(count: int, **more: Any) -> Payload:
    options = [{"label": f"{each}", "value": f"{each}"} for each in range(count)]
    return row({"type": 3, "custom_id": "s", "options": options, **more})


def text(words: str) -> Payload:
    return {"type": 10, "content": words}


def gallery(url: str = "https://example.org/fox.png", alt: str = "") -> Payload:
    return {"type": 12, "items": [{"media": {"url": url}, "description": alt}]}


def container(*parts: Payload) -> Payload:
    return {"type": 17, "components": list(parts)}


def embed(length: int) -> Payload:
    return {"description": "x" * length}


TOO_MUCH: list[tuple[Payload, str]] = [
    ({"content": "x" * 2001}, "content"),
    ({"content": "x", "embeds": [embed(4097)]}, "embeds.0.description"),
    ({"embeds": [embed(4000), embed(2001)]}, "embeds"),
    ({"embeds": [embed(1)] * 11}, "embeds"),
    ({"content": "x", "components": [row(*(button(f"{each}") for each in range(6)))]}, "components.0.components"),
    ({"content": "x", "components": [row(button(f"{each}")) for each in range(6)]}, "components"),
    ({"content": "x", "components": [row()]}, "components.0.components"),
    ({"content": "x", "components": [row(button("a"), button("a"))]}, "components.0.components.1.custom_id"),
    ({"content": "x", "components": [row(button("x" * 101))]}, "components.0.components.0.custom_id"),
    ({"content": "x", "components": [row(button(""))]}, "components.0.components.0.custom_id"),
    ({"content": "x", "components": [row(button("a", "x" * 81))]}, "components.0.components.0.label"),
    ({"content": "x", "components": [row({"type": 2, "style": 2, "custom_id": "a"})]}, "components.0.components.0"),
    ({"content": "x", "components": [row({"type": 2, "style": 5, "label": "x"})]}, "components.0.components.0.url"),
    ({"content": "x", "components": [select(26)]}, "components.0.components.0.options"),
    ({"content": "x", "components": [select(2, placeholder="x" * 151)]}, "components.0.components.0.placeholder"),
    ({"content": "x", "components": [row(select(1)["components"][0], button("a"))]}, "components.0.components"),
    ({"content": "x", "components": [text("hi")]}, "components.0.type"),
    ({"flags": V2, "content": "x", "components": [text("hi")]}, "content"),
    ({"flags": V2, "embeds": [embed(1)], "components": [text("hi")]}, "embeds"),
    ({"flags": V2, "components": [text("x" * 2001), text("x" * 2000)]}, "components"),
    ({"flags": V2, "components": [text("x")] * 41}, "components"),
    ({"flags": V2, "components": [container(*[text("x")] * 40)]}, "components"),
    ({"flags": V2, "components": [gallery(alt="x" * 1025)]}, "components.0.items.0.description"),
    ({"flags": V2, "components": [gallery("attachment://no.png")]}, "components.0.items.0.media.url"),
    ({"flags": V2, "components": [gallery("file:///etc/passwd")]}, "components.0.items.0.media.url"),
    ({"flags": V2, "components": [{"type": 12, "items": []}]}, "components.0.items"),
    ({"flags": V2, "components": [{"type": 9, "components": [text("x")]}]}, "components.0.accessory"),
    (
        {"flags": V2, "components": [{"type": 17, "components": [{"type": 17, "components": [text("x")]}]}]},
        "components",
    ),
    ({"content": "x", "allowed_mentions": {"users": [f"{each}" for each in range(101)]}}, "allowed_mentions.users"),
    ({"content": "x", "attachments": [{"id": 0, "filename": "no.png"}]}, "attachments"),
]


@pytest.mark.parametrize(("payload", "where"), TOO_MUCH, ids=range(len(TOO_MUCH)))
async def test_a_message_beyond_a_limit_is_refused(at: Scene, payload: Payload, where: str) -> None:
    error = await refused(400, 50035, at.bot.http.request(post(at), json=payload))

    words = error.text
    assert f"In {where}" in words or f"In {where}." in words, words
    assert at.channel.messages == []
    at.server.violations.clear()


def post(at: Scene) -> Route:
    return Route("POST", "/channels/{channel_id}/messages", channel_id=at.channel.id)


FITTING: list[Payload] = [
    {"content": "x" * 2000},
    {"embeds": [embed(4096), embed(1904)]},
    {"content": "x", "components": [row(*(button(f"{r}{c}", "x" * 80) for c in range(5))) for r in range(5)]},
    {"content": "x", "components": [select(25, placeholder="x" * 150)]},
    {"flags": V2, "components": [text("x" * 2000), text("x" * 2000)]},
    {"flags": V2, "components": [text("x") for _ in range(40)]},
    {
        "flags": V2,
        "components": [container(gallery(alt="x" * 1024), {"type": 14}, row(button("a")))],
    },
]


@pytest.mark.parametrize("payload", FITTING, ids=range(len(FITTING)))
async def test_a_message_at_the_limits_is_posted(at: Scene, payload: Payload) -> None:
    posted = await at.bot.http.request(post(at), json=payload)

    assert at.channel.messages[0].id == int(posted["id"])


@pytest.mark.parametrize("payload", [{}, {"content": " \n"}, {"embeds": [], "components": []}])
async def test_an_empty_message_is_refused(at: Scene, payload: Payload) -> None:
    await refused(400, 50006, at.bot.http.request(post(at), json=payload))


async def test_wrong_json_is_refused(at: Scene) -> None:
    headers = {"Content-Type": "application/json"}
    await refused(400, 50109, at.bot.http.request(post(at), data=b"{", headers=headers))


def files(*sizes: int) -> list[discord.File]:
    return [discord.File(io.BytesIO(PNG + bytes(size - len(PNG))), f"{n}.png") for n, size in enumerate(sizes)]


async def test_files_have_a_limit_each_and_together(at: Scene) -> None:
    at.guild.upload_limit = MIB
    await refused(413, 40005, at.place.send(files=files(MIB + 1)))
    await at.place.send(files=files(MIB, MIB))
    at.guild.upload_limit = 50 * MIB
    await at.place.send(files=files(MIB + 1))
    await refused(413, 40005, at.place.send(files=files(13 * MIB, 13 * MIB)))
    assert [len(each.files) for each in at.channel.messages] == [2, 1]


async def test_an_interaction_says_its_limit_which_nitro_raises(at: Scene) -> None:
    assert (await at.slash()).filesize_limit == 10 * MIB
    at.ann.upload_limit = 11 * MIB
    interaction = await at.slash()
    assert interaction.filesize_limit == 11 * MIB
    await refused(413, 40005, at.place.send(files=files(10 * MIB + 1)))
    await interaction.response.send_message(files=files(10 * MIB + 1))


async def test_a_message_has_ten_files_with_short_descriptions(at: Scene) -> None:
    await at.place.send(files=files(*[1000] * 10))
    error = await refused(400, 50035, at.place.send(files=files(*[1000] * 11)))
    assert "attachments" in error.text
    long = discord.File(io.BytesIO(PNG), "fox.png", description="x" * 1025)
    error = await refused(400, 50035, at.place.send(file=long))
    assert "attachments.0.description" in error.text
    at.server.violations.clear()

    full = await at.place.send(files=files(*[1000] * 9))
    full = await full.add_files(*files(1000))
    await refused(400, 50035, full.add_files(*files(1000)))
    at.server.violations.clear()


async def test_a_message_turns_into_components_v2_only_without_its_text_and_never_back(at: Scene) -> None:
    message = await at.place.send("hello")
    view = discord.ui.LayoutView(timeout=None).add_item(discord.ui.TextDisplay("Hello!"))
    await refused(400, 50035, message.edit(view=view))
    await message.edit(content=None, view=view)
    await refused(400, 50035, message.edit(content="hello"))
    assert at.channel.messages[0].text == "Hello!"


def labelled(label: str, part: Payload) -> Payload:
    return {"type": 18, "label": label, "component": part}


def modal(**more: Any) -> Payload:
    parts = [labelled("Change", {"type": 4, "custom_id": "c", "style": 1})]
    return {"title": "Edit", "custom_id": "m", "components": parts, **more}


MODALS: list[tuple[Payload, str]] = [
    (modal(title="x" * 46), "data.title"),
    (modal(custom_id=""), "data.custom_id"),
    (modal(components=[]), "data.components"),
    (modal(components=modal()["components"] * 6), "data.components"),
    (
        modal(components=[{"type": 18, "label": "x" * 46, "component": {"type": 23, "custom_id": "c"}}]),
        "data.components",
    ),
    (modal(components=[labelled("x", text("no"))]), "data.components.0.component"),
    (modal(components=[row(button("a"))]), "data.components.0.components.0.type"),
]


@pytest.mark.parametrize(("payload", "where"), MODALS, ids=range(len(MODALS)))
async def test_a_modal_beyond_a_limit_is_refused_and_acknowledges_nothing(
    at: Scene, payload: Payload, where: str
) -> None:
    interaction = await at.slash()
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    error = await refused(400, 50035, at.bot.http.request(Route("POST", path), json={"type": 9, "data": payload}))

    assert f"In {where}" in error.text
    at.server.violations.clear()
    await interaction.response.defer()


async def test_autocomplete_takes_25_choices(at: Scene) -> None:
    choices = [{"name": f"{each}", "value": f"{each}"} for each in range(26)]
    asked = await at.ann.types(at.channel, "imagine", "model", "f", prompt="x")
    interaction = await at.bot.interaction()
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"

    await refused(400, 50035, at.bot.http.request(Route("POST", path), json={"type": 8, "data": {"choices": choices}}))
    at.server.violations.clear()
    await at.bot.http.request(Route("POST", path), json={"type": 8, "data": {"choices": choices[:25]}})
    assert asked.choices is not None and len(asked.choices) == 25
