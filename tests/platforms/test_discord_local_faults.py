"""Discord on a bad day, and how discord.py takes it: errors before and after a change, cut connections, rate limits."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest

from tests.support.discord.probe import Scene, refused, scene

POST = "POST /channels/*/messages"
POSTED = "POST /channels/{channel_id}/messages"
CALLBACK = "POST /interactions/*/*/callback"


def texts(at: Scene) -> list[str]:
    return [each.text for each in at.channel.messages]


async def test_an_error_before_the_change_leaves_nothing(at: Scene) -> None:
    fault = at.server.faults.fail(POST, 503)
    with pytest.raises(discord.DiscordServerError):
        await at.place.send("a fox")  # which the library does not repeat

    assert (texts(at), fault.hits) == ([], 1)
    await at.place.send("a fox")
    assert texts(at) == ["a fox"]


async def test_an_error_after_the_change_loses_only_the_answer(at: Scene) -> None:
    at.server.faults.fail(POST, 503, after=True)
    with pytest.raises(discord.DiscordServerError):
        await at.place.send("a fox", nonce="job1")

    assert texts(at) == ["a fox"]
    await at.place.send("a fox", nonce="job1")
    assert texts(at) == ["a fox"]


async def test_the_library_repeats_a_502_and_the_nonce_makes_it_one_message(at: Scene) -> None:
    fault = at.server.faults.fail(POST, 502, after=True)
    sent = await at.place.send("a fox")

    assert (texts(at), fault.hits) == (["a fox"], 1)
    assert sent.id == at.channel.messages[0].id


async def test_a_followup_repeated_by_the_library_is_posted_twice(at: Scene) -> None:
    interaction = await at.slash()
    await interaction.response.send_message("wait")
    at.server.faults.fail("POST /webhooks/*/*", 500, after=True)
    await interaction.followup.send("a fox")

    assert texts(at) == ["wait", "a fox", "a fox"]


async def test_a_first_response_repeated_by_the_library_was_there_already(at: Scene) -> None:
    interaction = await at.slash()
    at.server.faults.fail(CALLBACK, 500, after=True)

    await refused(400, 40060, interaction.response.defer())
    await interaction.edit_original_response(content="there all the same")
    assert texts(at) == ["there all the same"]


@pytest.mark.parametrize("after", [False, True])
async def test_a_connection_is_cut_before_or_after_the_change(at: Scene, after: bool) -> None:
    at.server.faults.drop(POST, after=after)
    with pytest.raises(aiohttp.ClientError):
        await at.place.send("a fox")

    assert texts(at) == (["a fox"] if after else [])


async def test_a_request_hangs_until_it_is_let_go(at: Scene) -> None:
    fault = at.server.faults.hang(POST, after=True)
    sending = asyncio.create_task(at.place.send("a fox"))
    await at.channel.until(lambda messages: messages)
    assert not sending.done()
    fault.release()

    with pytest.raises(aiohttp.ClientError):
        await sending


@pytest.mark.parametrize("after", [False, True])
async def test_an_answer_takes_its_time(at: Scene, after: bool) -> None:
    fault = at.server.faults.hold(POST, after=after)
    sending = asyncio.create_task(at.place.send("a fox"))
    await at.server.world.changes.until(lambda: fault.hits, lambda: "no request came")
    fault.release()

    await sending
    assert texts(at) == ["a fox"]


async def test_a_server_that_stops_lets_hanging_requests_go() -> None:
    async with scene() as at:
        at.server.faults.hang(POST)
        sending = asyncio.create_task(at.place.send("a fox"))
        await at.server.world.changes.until(lambda: at.server.faults.hits(POST), lambda: "nothing hangs")
    with pytest.raises((aiohttp.ClientError, RuntimeError)):
        await sending


async def test_a_file_cannot_be_downloaded(at: Scene) -> None:
    await at.ann.says(at.channel, files=[b"fox"])
    attachment = (await at.bot.message()).attachments[0]
    at.server.faults.fail("GET /attachments/*/*/*", 503)

    with pytest.raises(discord.HTTPException):
        await attachment.read()
    assert await attachment.read() == b"fox"


# ── rate limits ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_429_on_order_is_waited_for(at: Scene) -> None:
    order = at.server.limits.order(POSTED, 0.05)
    await at.place.send("a fox")

    assert (texts(at), order.hits, at.server.limits.refused) == (["a fox"], 1, 1)
    refusal, posted = at.server.rest.requests[-2:]
    assert (refusal.status, posted.status) == (429, 200) and posted.at - refusal.at > 0.049


async def test_the_global_limit_holds_every_route(at: Scene) -> None:
    at.server.limits.order(POSTED, 0.2, everywhere=True)
    other = at.bot.place(at.guild.channel("other"))
    sending = asyncio.create_task(at.place.send("one"))
    await at.server.world.changes.until(lambda: at.server.limits.refused, lambda: "nothing was refused")
    began = at.server.rest.requests[-1].at
    await asyncio.sleep(0)  # let the library read the refusal
    async with asyncio.timeout(20):
        while at.bot.http._global_over.is_set():
            await asyncio.sleep(0.001)
    await other.send("two")
    await sending

    assert at.server.rest.requests[-1].at - began > 0.199


async def test_cloudflares_429_is_not_waited_for(at: Scene) -> None:
    at.server.limits.order(POSTED, 0.05, cloudflare=True)

    await refused(429, 0, at.place.send("a fox"))


async def test_webhooks_wait_for_a_429_too(at: Scene) -> None:
    interaction = await at.slash()
    order = at.server.limits.order("POST /interactions/{interaction_id}/{interaction_token}/callback", 0.05)
    await interaction.response.send_message("a fox")

    assert (texts(at), order.hits) == (["a fox"], 1)


async def test_a_bucket_counts_per_channel_and_the_library_keeps_to_it(at: Scene) -> None:
    at.server.limits.bucket(POSTED, 2, 0.3)
    other = at.guild.channel("other")
    for number in range(4):
        await at.place.send(f"{number}")
    await at.bot.place(other).send("elsewhere")

    assert (texts(at), at.server.limits.refused) == (["0", "1", "2", "3"], 0)
    assert [each.text for each in other.messages] == ["elsewhere"]


async def test_who_ignores_a_bucket_is_refused(at: Scene) -> None:
    at.server.limits.bucket(POSTED, 2, 60)
    url = f"{at.server.api}/channels/{at.channel.id}/messages"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {at.server.token}"}) as session:
        for remaining in (1, 0):
            async with session.post(url, json={"content": "x"}) as answer:
                assert answer.status == 200 and answer.headers["X-RateLimit-Remaining"] == f"{remaining}"
        async with session.post(url, json={"content": "x"}) as answer:
            body = await answer.json()
            assert (answer.status, body["global"], "Via" in answer.headers) == (429, False, True)
            assert 0 < body["retry_after"] <= 60 and float(answer.headers["Retry-After"]) <= 60


async def test_a_wrong_token_is_refused(at: Scene) -> None:
    url, headers = f"{at.server.api}/users/@me", {"Authorization": "Bot nonsense"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (401, "application/json")
