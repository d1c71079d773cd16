"""Pictures as people get them: with what they were drawn from inside, and only if that is wanted."""

from __future__ import annotations

import io

import pytest
from PIL import Image, PngImagePlugin

from adapters.commands.parsing import Invocation
from adapters.commands.running import Context, run
from bot.answers import Told
from bot.errors import Gone, TooLarge
from bot.pictures.describe import infotext_in
from tests.support.chat import ANN, HERE, Chat


def parameters(data: bytes) -> str | None:
    """Read the text as other programs do."""
    return Image.open(io.BytesIO(data)).info.get("parameters")


async def test_a_delivered_picture_says_what_it_was_drawn_from(chat: Chat) -> None:
    delivery = await chat.get("a red fox, dusk --seed 0")
    _, data = await chat.easel.picture(delivery.pictures[0].id)
    lines = (parameters(data) or "").splitlines()
    assert lines[0] == "a red fox, dusk"
    assert lines[-1].startswith("Seed: 0, Size: 64x64, Model: ")
    assert "Engine: demo, Version: Easel" in lines[-1]
    fitted = await chat.easel.fitted(delivery.pictures[0].id, 10_000_000, "en")
    assert (fitted.data, fitted.note) == (data, "")


async def test_each_of_several_pictures_has_its_own_seed(chat: Chat) -> None:
    delivery = await chat.get("a red fox --seed 7 --count 3")
    texts = [await infotext_in((await chat.easel.picture(each.id))[1]) for each in delivery.pictures]
    assert [text.facts["Seed"] for text in texts if text] == ["7", "8", "9"]


async def test_without_the_setting_a_picture_says_nothing(chat: Chat) -> None:
    await chat.easel.settings.set("person", ANN, HERE, "metadata", "off")
    delivery = await chat.get("a red fox")
    _, data = await chat.easel.picture(delivery.pictures[0].id)
    assert await infotext_in(data) is None
    again = await chat.easel.again(ANN, HERE, "again")
    redrawn = await chat.end(again.job.id)
    assert await infotext_in((await chat.easel.picture(redrawn.pictures[0].id))[1]) is None


async def test_a_picture_made_small_still_says_it(chat: Chat) -> None:
    delivery = await chat.get("a red fox in the snow --size 512x512 --seed 3")
    whole = await chat.easel.fitted(delivery.pictures[0].id, 10_000_000, "en")
    limit = len(whole.data) // 3
    small = await chat.easel.fitted(delivery.pictures[0].id, limit, "en")
    assert len(small.data) <= limit
    assert small.note
    found = await infotext_in(small.data)
    assert found is not None
    assert (found.prompt, found.facts["Seed"]) == ("a red fox in the snow", "3")
    with pytest.raises(TooLarge):
        await chat.easel.fitted(delivery.pictures[0].id, 100, "en")


async def test_an_edit_of_it_is_drawn_from_the_pixels_alone(chat: Chat) -> None:
    first = await chat.get("a red fox")
    _, data = await chat.easel.picture(first.pictures[0].id)
    second = await chat.get("make it night", attached=(chat.attach(data),))
    found = await infotext_in((await chat.easel.picture(second.pictures[0].id))[1])
    assert found is not None
    assert found.prompt == "make it night"


async def details(chat: Chat, data: bytes) -> str:
    context = Context(chat.easel, ANN, HERE, "details", pictures=(chat.attach(data),))
    answer = await run(Invocation(("details",), {}), context)
    assert isinstance(answer, Told)
    return answer.text


async def test_details_are_read_from_anybodys_picture(chat: Chat) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "a castle\nNegative prompt: people\nSteps: 20, Sampler: Euler a, Seed: 5")
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=text)
    assert (await details(chat, file.getvalue())).splitlines() == [
        "a castle",
        "Negative: people",
        "Steps: 20",
        "Sampler: Euler a",
        "Seed: 5",
    ]


async def test_a_picture_that_says_nothing_is_told_so(chat: Chat) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    assert await details(chat, file.getvalue()) == "This picture does not say what it was drawn from."
    assert await details(chat, b"no picture") == "This picture does not say what it was drawn from."


async def test_pictures_that_were_deleted_are_gone(chat: Chat) -> None:
    delivery = await chat.get("a red fox")
    await chat.easel.delete(ANN, HERE, delivery.job.id)
    with pytest.raises(Gone):
        await chat.easel.picture(delivery.pictures[0].id)
