"""How the end of a job appears on Discord: whole, telling the right person and nobody else."""

from __future__ import annotations

from tests.support.discord_answers import Answers, big
from tests.support.engines import png


async def test_pictures_come_as_one_ordinary_message_that_answers_the_request(here: Answers) -> None:
    asked = await here.ann.says(here.channel, "a red fox", mention=here.discord.bot)
    drawn = png(), png(16, 8)
    job = await here.job(asked, pictures=drawn, prompt="a red fox")

    (posted,) = await here.deliverer.post(await here.delivery(job, "There you go."))

    (answer,) = here.answers()
    assert (posted.id, posted.place) == (str(answer.id), job.place)
    assert (answer.content, answer.reference, answer.interaction) == ("There you go.", asked, None)
    assert [each.data for each in answer.attachments] == list(drawn)
    assert [each.filename for each in answer.attachments] == [f"easel-{job.id}-0.png", f"easel-{job.id}-1.png"]
    assert [each.description for each in answer.attachments] == ["a red fox"] * 2
    assert answer.labels == ["🔁 Again", "✏️ Edit", "ℹ️ Details", "🗑️ Delete"]
    assert answer.buttons[0]["custom_id"] == f"easel:again:{job.id}"
    assert answer.pings.people == (here.ann,)


async def test_the_words_are_in_the_language_of_the_job(here: Answers) -> None:
    job = await here.job(pictures=[png()], language="zh-TW")
    await here.deliverer.post(await here.delivery(job))
    (answer,) = here.answers()
    assert "🔁 Again" not in answer.labels
    assert answer.labels[0].startswith("🔁 ")


async def test_nobody_but_the_asker_is_ever_pinged(here: Answers) -> None:
    bob = here.guild.member("Bob")
    mods = here.guild.role("mods", mentionable=True)
    here.channel.allow(here.discord.bot, "mention_everyone")
    words = f"@everyone @here {bob.mention} {mods.mention} a fox"
    job = await here.job(pictures=[png()], prompt=words)
    ended = await here.job(prompt=words)
    await here.shows(job, f"Drawing… {words}")
    await here.shows(job, f"Still drawing… {words}")
    await here.deliverer.post(await here.delivery(job, words))
    await here.statuses.settle(job, ())
    await here.deliverer.post(await here.delivery(ended, words))

    said = [each for each in here.channel.everything.values() if each.author is here.discord.bot]
    assert [each.pings.people for each in said] == [(), (here.ann,), (here.ann,)]
    assert not any(each.pings.everyone or each.pings.roles for each in said)


async def test_an_answer_to_a_command_begins_with_whom_it_is_for(online: Answers) -> None:
    response = await online.command()
    job = await online.job(response, pictures=[png()], own=True)
    await online.deliverer.post(await online.delivery(job, "There you go."))
    answer = online.answers()[-1]
    assert (answer.content, answer.reference) == (f"{online.ann.mention} There you go.", response)
    assert answer.pings.people == (online.ann,)


async def test_a_direct_conversation_needs_no_name(here: Answers) -> None:
    asked = await here.ann.says(here.ann.dm(), "a fox")
    job = await here.job(asked, pictures=[png()], own=True)
    await here.deliverer.post(await here.delivery(job, "There you go."))
    (answer,) = here.answers(here.ann.dm())
    assert answer.content == "There you go."


async def test_threads_get_their_pictures(here: Answers) -> None:
    thread = here.guild.thread(here.channel, "foxes")
    asked = await here.ann.says(thread, "a fox", mention=here.discord.bot)
    await here.deliverer.post(await here.delivery(await here.job(asked, pictures=[png()])))
    (answer,) = here.answers(thread)
    assert (answer.reference, here.answers()) == (asked, [])


async def test_long_words_are_cut_where_discord_would_refuse_them(here: Answers) -> None:
    job = await here.job(pictures=[png()], prompt="fox " * 1000)
    await here.deliverer.post(await here.delivery(job, "so " * 1000))
    (answer,) = here.answers()
    alt = answer.attachments[0].description
    assert alt is not None
    assert (len(answer.content), answer.content[-1]) == (2000, "…")
    assert len(alt) <= 1024
    assert alt[-1] == "…"


async def test_no_words_are_needed(here: Answers) -> None:
    job = await here.job(pictures=[png()], prompt="")
    await here.deliverer.post(await here.delivery(job, ""))
    (answer,) = here.answers()
    assert (answer.content, answer.attachments[0].description) == ("", None)


async def test_more_than_ten_pictures_are_several_messages(here: Answers) -> None:
    drawn = [png(8, 8, (number, 0, 0)) for number in range(12)]
    job = await here.job(pictures=drawn)
    refs = await here.deliverer.post(await here.delivery(job, "There you go."))
    first, second = here.answers()
    assert [ref.id for ref in refs] == [str(first.id), str(second.id)]
    assert [each.data for each in (*first.attachments, *second.attachments)] == drawn
    assert (first.content, second.content) == ("There you go.", "")
    assert (first.labels, len(second.labels)) == ([], 4)
    assert first.reference is second.reference
    assert (first.pings.people, second.pings.people) == ((here.ann,), ())


async def test_what_is_too_much_for_one_request_is_several_messages(here: Answers) -> None:
    job = await here.job(pictures=[big(9), big(9), big(9), big(3), big(1)])
    await here.deliverer.post(await here.delivery(job))
    assert [[len(file.data) >> 20 for file in each.attachments] for each in here.answers()] == [[9, 9], [9, 3, 1]]
    assert here.asked("POST /channels") == 2  # none was refused


async def test_the_request_may_be_gone(here: Answers) -> None:
    asked = await here.ann.says(here.channel, "a fox", mention=here.discord.bot)
    job = await here.job(asked, pictures=[png()])
    await here.ann.deletes(asked)
    await here.deliverer.post(await here.delivery(job))
    (answer,) = here.answers()
    assert (len(answer.attachments), answer.reference) == (1, None)
    assert answer.content == f"{here.ann.mention} There you go."
    assert answer.labels


async def test_results_come_long_after_every_token_is_dead(online: Answers) -> None:
    response = await online.command()
    job = await online.job(response, pictures=[png()], own=True)
    online.discord.clock.advance(3 * 3600)
    await online.shows(job, "Drawing…")
    refs = await online.deliverer.post(await online.delivery(job))
    await online.statuses.settle(job, refs)
    shown, answer = online.answers()
    assert (shown.content, shown.labels, len(answer.attachments)) == ("> a red fox", [], 1)


async def test_nothing_grows_in_the_library(here: Answers) -> None:
    for _ in range(20):
        job = await here.job(pictures=[png()])
        await here.shows(job, "Drawing…")
        await here.shows(job, "Drawing… 50 %")
        await here.statuses.settle(job, await here.deliverer.post(await here.delivery(job)))
        failed = await here.job()
        await here.shows(failed, "Drawing…")
        await here.statuses.settle(failed, await here.deliverer.post(await here.delivery(failed)))
    state = here.client._connection
    store = state._view_store
    assert (store._views, store._synced_message_views, store._modals) == ({}, {}, {})
    assert state._messages is None
    assert (here.statuses._shown, here.statuses._deferred, here.statuses._under_way) == ({}, {}, set())
