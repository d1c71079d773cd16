"""Refusals by limits, read aloud: with 1 and with more, in every language."""

from __future__ import annotations

import dataclasses
import re

import pytest
from structlog.testing import capture_logs

from bot import errors
from bot.errors import Refused
from bot.i18n.catalogue import Catalogues
from bot.i18n.marks import Wait
from bot.types import Job
from bot.wording import Wording
from tests.support.jobs import job

HOURS = Wait(5 * 3600 + 1)


SAID: list[tuple[Refused, str, str, str]] = [
    (
        errors.RateLimited(limit=1, wait=Wait(41.2)),
        "That was fast: the limit here is 1 a minute for each person. Please try again in 42 s.",
        "发得太快了，这里每人每分钟最多 1 次。请再等 42 秒。",
        "送得太快了，這裡每人每分鐘最多 1 次。請再等 42 秒。",
    ),
    (
        errors.ServerRateLimited(limit=30, wait=Wait(3)),
        "A lot is going on here: the limit for this whole server is 30 a minute. Please try again in 3 s.",
        "现在找我的人太多了，这个服务器每分钟最多 30 次。请再等 3 秒。",
        "現在找我的人太多了，這個伺服器每分鐘最多 30 次。請再等 3 秒。",
    ),
    (
        errors.QuotaUsed(limit=1, wait=HOURS),
        "You have had all your pictures for today: the limit is 1 a day. There are new ones in 6 h.",
        "你今天的图已经画满了，每人每天最多 1 张。再过 6 小时，就又能画了。",
        "你今天的圖已經畫滿了，每人每天最多 1 張。再過 6 小時，就又可以畫了。",
    ),
    (
        errors.ServerQuotaUsed(limit=100, wait=Wait(91)),
        "This server has had all its pictures for today: the limit is 100 a day. There are new ones in 2 min.",
        "这个服务器今天的图已经画满了，每天最多 100 张。再过 2 分钟，就又能画了。",
        "這個伺服器今天的圖已經畫滿了，每天最多 100 張。再過 2 分鐘，就又可以畫了。",
    ),
    (
        errors.QuotaShort(limit=5, asked=4, left=1, wait=HOURS),
        "You asked for 4 pictures, and today you can have 1 more: the limit is 5 a day. "
        "Ask for fewer, or again in 6 h.",
        "你要了 4 张图，今天还能画 1 张（每人每天最多 5 张）。可以少要几张，或者再等 6 小时。",
        "你要了 4 張圖，今天還能畫 1 張（每人每天最多 5 張）。可以少要幾張，或再等 6 小時。",
    ),
    (
        errors.ServerQuotaShort(limit=100, asked=4, left=3, wait=HOURS),
        "You asked for 4 pictures, and today this server can have 3 more: its limit is 100 a day. "
        "Ask for fewer, or again in 6 h.",
        "你要了 4 张图，这个服务器今天还能画 3 张（每天最多 100 张）。可以少要几张，或者再等 6 小时。",
        "你要了 4 張圖，這個伺服器今天還能畫 3 張（每天最多 100 張）。可以少要幾張，或再等 6 小時。",
    ),
    (
        errors.BudgetUsed(cost="0.20", left="0.05", limit="1.00", period="a day", wait=HOURS),
        "This would cost 0.20, and only 0.05 of your budget here is left: the limit is 1.00 a day. "
        "It starts anew in 6 h.",
        "这次要花 0.20，而你在这里的预算只剩 0.05（限额：每天 1.00）。再过 6 小时，预算会重新计算。",
        "這次要花 0.20，而你在這裡的預算只剩 0.05（限額：每天 1.00）。再過 6 小時，預算會重新計算。",
    ),
    (
        errors.ServerBudgetUsed(cost="0.20", left="0.00", limit="9.00", period="a month", wait=Wait(12.2 * 86400)),
        "This would cost 0.20, and only 0.00 of this server's budget is left: the limit is 9.00 a month. "
        "It starts anew in 13 days.",
        "这次要花 0.20，而这个服务器的预算只剩 0.00（限额：每月 9.00）。再过 13 天，预算会重新计算。",
        "這次要花 0.20，而這個伺服器的預算只剩 0.00（限額：每月 9.00）。再過 13 天，預算會重新計算。",
    ),
    (
        errors.TooManyJobs(limit=1),
        "You have as many requests waiting as each person may here: 1. "
        "Please ask again when one of them has had its turn, or cancel one.",
        "你排队的请求已经到上限了，这里每人最多 1 个。等其中一个轮到了，或者取消一个，再来找我吧。",
        "你排隊中的請求已經到上限了，這裡每人最多 1 個。等其中一個輪到了，或取消一個，再來找我吧。",
    ),
    (
        errors.ServerTooManyJobs(limit=50),
        "As many requests of this server are waiting as may: 50. Please ask again when one of them has had its turn.",
        "这个服务器排队的请求已经到上限了，最多 50 个。等其中一个轮到了，再来找我吧。",
        "這個伺服器排隊中的請求已經到上限了，最多 50 個。等其中一個輪到了，再來找我吧。",
    ),
    (
        errors.LineTooLong(engine="cloud", wait=Wait(86401)),
        "So many requests wait for the engine cloud that yours would take 25 h. Please try again later.",
        "等引擎 cloud 的请求太多了，轮到你还要 25 小时。请过些时候再试。",
        "等引擎 cloud 的請求太多了，輪到你還要 25 小時。請晚點再試。",
    ),
]


@pytest.mark.parametrize(("error", "english", "simplified", "traditional"), SAID, ids=lambda each: type(each).__name__)
def test_a_refusal_says_what_the_limit_is_and_when_it_ends(
    catalogues: Catalogues, error: Refused, english: str, simplified: str, traditional: str
) -> None:
    with capture_logs() as logs:
        said = [catalogues.error(language, error) for language in ("en", "zh-CN", "zh-TW")]
    assert said == [english, simplified, traditional]
    assert logs == []


def test_no_other_refusal_has_a_time_to_wait() -> None:
    waiting = {kind for kind in vars(errors).values() if isinstance(kind, type) and "{wait}" in _sentence(kind)}
    assert waiting == {type(error) for error, *_ in SAID if "{wait}" in error.sentence}


def _sentence(kind: type) -> str:
    return kind.sentence if issubclass(kind, errors.BotError) else ""


@pytest.mark.parametrize(
    ("ahead", "wait_s", "english", "simplified"),
    [
        (0, None, "Accepted. You are next.", "收到，下一个就轮到你。"),
        (2, None, "Accepted. You are number 3 in line.", "收到，你排在第 3 位。"),
        (0, 4.2, "Accepted. You are next, in about 5 s.", "收到，下一个就轮到你，大约还要等 5 秒。"),
        (
            2,
            100.0,
            "Accepted. You are number 3 in line; your turn comes in about 2 min.",
            "收到，你排在第 3 位，大约还要等 2 分钟。",
        ),
    ],
)
def test_who_waits_is_told_for_how_long(
    catalogues: Catalogues, ahead: int, wait_s: float | None, english: str, simplified: str
) -> None:
    wording = Wording(catalogues)
    assert wording.waiting(job(), ahead, wait_s) == english
    assert wording.waiting(_in("zh-CN"), ahead, wait_s) == simplified
    assert re.search("[\u4e00-\u9fff]", wording.waiting(_in("zh-TW"), ahead, wait_s))
    assert "demo" in wording.away(_in("zh-TW"))


def _in(language: str) -> Job:
    return dataclasses.replace(job(), language=language)
