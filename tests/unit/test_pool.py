"""Addresses of an engine: which can be used, and how one that failed comes back."""

from __future__ import annotations

import math

import pytest

from bot.engines.pool import AWAY_S, FAILURES, FIRST_PAUSE_S, LONGEST_PAUSE_S, Breaker, Pool
from bot.errors import (
    BotError,
    ContentRefused,
    EngineAuth,
    EngineBusy,
    EngineTimeout,
    EngineUnavailable,
    OutOfMemory,
    UnknownOutcome,
)
from tests.support.engines import ScriptedEngine
from tests.support.jobs import ManualClock


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker(clock)


def pool(clock: ManualClock, *addresses: str, slots: int = 2) -> Pool:
    return Pool({address: ScriptedEngine() for address in addresses or ("",)}, slots, clock)


def test_exactly_one_probe_is_let_through_after_the_pause(breaker: Breaker, clock: ManualClock) -> None:
    breaker.failed(at_once=True)
    assert (breaker.room(8), breaker.begin_probe()) == (0, False)
    clock.now += FIRST_PAUSE_S
    assert [breaker.begin_probe() for _ in range(5)] == [True, False, False, False, False]
    assert breaker.room(8) == 0


def test_after_a_good_probe_one_job_is_let_through_then_all(breaker: Breaker, clock: ManualClock) -> None:
    breaker.failed(at_once=True)
    clock.now += FIRST_PAUSE_S
    assert breaker.begin_probe()
    breaker.probed(True)
    assert breaker.room(8) == 1
    breaker.succeeded()
    assert breaker.room(8) == 8


def test_pauses_double_up_to_a_bound_and_begin_anew_after_a_success(breaker: Breaker, clock: ManualClock) -> None:
    breaker.failed(at_once=True)
    pauses = []
    for _ in range(10):
        pauses.append(breaker.changes_in_s)
        clock.now += pauses[-1]
        assert breaker.begin_probe()
        breaker.probed(False)
    assert pauses == [min(FIRST_PAUSE_S * 2**n, LONGEST_PAUSE_S) for n in range(10)]
    clock.now += LONGEST_PAUSE_S
    assert breaker.begin_probe()
    breaker.probed(True)
    breaker.succeeded()
    breaker.failed(at_once=True)
    assert breaker.changes_in_s == FIRST_PAUSE_S


def test_a_job_on_trial_that_fails_opens_it_again(breaker: Breaker, clock: ManualClock) -> None:
    breaker.failed(at_once=True)
    clock.now += FIRST_PAUSE_S
    breaker.begin_probe()
    breaker.probed(True)
    breaker.failed(at_once=False)
    assert breaker.room(8) == 0


def test_single_failures_do_not_open_it(breaker: Breaker) -> None:
    for _ in range(5):
        for _ in range(FAILURES - 1):
            breaker.failed(at_once=False)
            assert breaker.room(8) == 8
        breaker.succeeded()
    for _ in range(FAILURES):
        breaker.failed(at_once=False)
    assert breaker.room(8) == 0


def test_several_jobs_failing_together_count_as_one(breaker: Breaker) -> None:
    for _ in range(8):
        breaker.failed(at_once=True)
    assert breaker.changes_in_s == FIRST_PAUSE_S


def test_busy_is_no_failure_and_needs_no_probe(breaker: Breaker, clock: ManualClock) -> None:
    breaker.rest(10)
    assert (breaker.room(8), breaker.away_s, breaker.changes_in_s) == (0, 0, 10)
    clock.now += 10
    assert (breaker.room(8), breaker.begin_probe(), breaker.changes_in_s) == (8, False, math.inf)


def test_only_an_engine_that_worked_is_waited_for(clock: ManualClock) -> None:
    both = pool(clock, "a", "b")
    unreachable = EngineUnavailable(engine="demo")
    both.heard("a", unreachable)
    assert (both.room(), both.away_s, both.may_wait(unreachable)) == ({"b": 2}, 0, True)
    both.heard("b", unreachable)
    assert (both.room(), both.away_s, both.may_wait(unreachable)) == ({}, math.inf, False)
    both.heard("a")
    both.heard("a", unreachable)
    assert both.may_wait(unreachable)
    clock.now += AWAY_S + 1
    assert not both.may_wait(unreachable)


@pytest.mark.parametrize(
    ("error", "alone", "several"),
    [
        (None, 2, 2),
        (ContentRefused(engine="demo"), 2, 2),
        (OutOfMemory(engine="demo"), 2, 2),
        (EngineUnavailable(engine="demo"), 0, 0),
        (EngineAuth(engine="demo"), 2, 0),
        (EngineBusy(engine="demo"), 0, 0),
        (EngineTimeout(engine="demo", seconds=1), 2, 2),
        (UnknownOutcome(engine="demo"), 2, 2),
    ],
)
def test_what_a_job_says_of_its_address(clock: ManualClock, error: BotError | None, alone: int, several: int) -> None:
    for addresses, expected in ((("a",), alone), (("a", "b"), several)):
        judged = pool(clock, *addresses)
        judged.heard("a", error)
        assert judged.room().get("a", 0) == expected


def test_a_busy_engine_says_for_how_long_within_reason(clock: ManualClock) -> None:
    busy = pool(clock)
    soon, late = EngineBusy(engine="demo", retry_after=20), EngineBusy(engine="demo", retry_after=3600)
    assert (busy.may_wait(soon), busy.may_wait(late)) == (True, False)
    busy.heard("", soon)
    clock.now += 19
    assert busy.room() == {}
    clock.now += 1
    assert busy.room() == {"": 2}
