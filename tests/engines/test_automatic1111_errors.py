"""Every fault of a server ends in the right error, with nothing of the server's or the person's own in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pybase64
import pytest

from bot.engines.automatic1111.client import Refusal
from bot.engines.automatic1111.engine import Automatic1111Engine
from bot.engines.automatic1111.errors import PATIENCE_S, Call, Errors
from bot.engines.testing import Recorder
from bot.errors import (
    BadAnswer,
    Cancelled,
    EngineAuth,
    EngineBusy,
    EngineError,
    EngineMisconfigured,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    LostJob,
    NothingDrawn,
    OutOfMemory,
    UnknownOutcome,
)
from bot.net.client import Http
from bot.net.errors import Broken
from bot.net.guard import Guard
from tests.support import automatic1111_faults as faults
from tests.support.automatic1111_dialects import A1111, SDCPP, SDNEXT, Dialect
from tests.support.automatic1111_engine import POLL_S, SECRET, connected, drawn, failing, failure, fox
from tests.support.automatic1111_server import Automatic1111Server
from tests.support.net import Line, listening
from tests.support.serving_calls import Order, Reply


@pytest.fixture
async def server() -> AsyncIterator[Automatic1111Server]:
    async with Automatic1111Server() as server:
        yield server


KINDS: list[tuple[Order, type[EngineError], str]] = [
    (faults.OUT_OF_MEMORY, OutOfMemory, "CUDA out of memory"),
    (faults.FORGE_OUT_OF_MEMORY, OutOfMemory, "CUDA out of memory"),
    (faults.NAN, EngineError, "500 NansException A tensor with all NaNs was produced in Unet."),
    (faults.NO_MODEL, EngineMisconfigured, "model 'nothing.safetensors' not found"),
    (faults.BAD_IMAGE, EngineRejected, "500 Invalid encoded image"),
    (faults.NO_SAMPLER, EngineRejected, "404 Sampler not found"),
    (faults.NO_API, EngineMisconfigured, "start it with --api"),
    (faults.WRONG_FIELD, EngineRejected, "422 Input should be less than or equal to 150 (steps)"),
    (faults.SCRIPT_MISSING, EngineError, "422 always on script ControlNet not found"),
    (faults.TRACEBACK, EngineError, "500 TypeError"),
    (faults.TEXT_500, EngineError, "500 Internal Server Error"),
    (faults.TOO_MANY, EngineBusy, "429 Rate limit exceeded"),
    (faults.NOT_NOW, EngineUnavailable, "503 Service Temporarily Unavailable"),
    (faults.BAD_GATEWAY, EngineUnavailable, "502 502 Bad Gateway"),
    (faults.GATEWAY_TIMEOUT, EngineTimeout, "allow it more time there"),
    (faults.TUNNEL_TIMEOUT, EngineTimeout, "524: A timeout occurred"),
    (faults.HTML_LOGIN, BadAnswer, "no JSON"),
    (faults.MOVED, EngineMisconfigured, "check the address"),
    (faults.TOO_LARGE, EngineRejected, "413 Request Entity Too Large"),
    (faults.NO_IMAGES, NothingDrawn, "is a model loaded?"),
    (faults.NO_KEY, BadAnswer, "without `images`"),
    (faults.DATA_LIST, BadAnswer, "without `images`"),
    (faults.GARBAGE, BadAnswer, "base64"),
    (faults.CUT_BEFORE, LostJob, "POST http://"),
    (faults.CUT_HALFWAY, LostJob, "ended early"),
    (Reply.json(200, {"images": ["!!"]}), BadAnswer, "1 pictures are not base64"),
    (Reply(200, b'{"images": ["' + b"a b, " * 1_000_000), BadAnswer, "of text"),
    (Reply.json(403, {"detail": "no"}), EngineAuth, "403 no"),
    (Reply(405, b""), EngineMisconfigured, "405"),
    (Reply.json(400, {"error": "prompt required"}), EngineError, "400 prompt required"),
    (Reply.json(500, ["a", {"b": SECRET}]), EngineError, "500"),
    (Reply(500, b"\xff\xfe{"), EngineError, "500"),
]


@pytest.mark.parametrize(("order", "kind", "detail"), KINDS, ids=range(len(KINDS)))
async def test_a_fault_is_told_by_its_kind(
    server: Automatic1111Server, order: Order, kind: type[EngineError], detail: str
) -> None:
    server.order(order)

    error = await failing(server)

    assert type(error) is kind
    assert detail in error.detail
    assert len(server.calls()) == 1  # nothing is sent twice


FIELDS = [
    (faults.BAD_IMAGE, "image"),
    (faults.NO_SAMPLER, "sampler"),
    (faults.WRONG_FIELD, "steps"),
    (Reply.json(422, {"detail": [{"loc": ["body", "cfg_scale"], "msg": "no"}]}), "guidance"),
]


@pytest.mark.parametrize(("order", "field"), FIELDS, ids=[field for _, field in FIELDS])
async def test_a_refused_value_is_named_as_people_know_it(
    server: Automatic1111Server, order: Order, field: str
) -> None:
    server.order(order)

    assert (await failing(server)).args_["field"] == field


async def test_a_refused_value_of_the_operators_own_is_nobody_elses(server: Automatic1111Server) -> None:
    server.order(Reply.json(422, {"detail": [{"loc": ["body", "hr_scale"], "msg": "no"}]}))

    error = await failing(server)

    assert type(error) is EngineError
    assert error.detail == "422 no (hr_scale)"


@pytest.mark.parametrize(
    ("reply", "wait"), [(faults.TOO_MANY, 7), (faults.TOO_MANY_IN_WORDS, 65), (faults.TOO_MANY_SILENT, None)]
)
async def test_how_long_to_wait_is_told_if_the_server_does(
    server: Automatic1111Server, reply: Reply, wait: int | None
) -> None:
    server.order(reply)

    error = await failing(server)

    assert isinstance(error, EngineBusy)
    assert error.args_.get("retry_after") == wait


async def test_what_a_person_wrote_is_in_no_detail(server: Automatic1111Server) -> None:
    said = f"bad prompt {SECRET!r} and 'a secret word', in /home/somebody/webui/modules/api.py"
    server.order(faults.error("ValueError", said))

    error = await failing(server, task={"negative": "a secret word"})

    assert error.detail == "500 ValueError bad prompt '[prompt]' and '[prompt]', in …/api.py"


async def test_a_wrong_field_that_repeats_the_whole_request_is_told_without_it(server: Automatic1111Server) -> None:
    error = await failing(server, params={"width": "wide"})

    assert error.args_["field"] == "size"
    assert error.detail == "422 Input should be a number (width)"


async def test_a_wrong_password_is_the_operators_to_put_right() -> None:
    async with Automatic1111Server(auth="me:secret") as server:
        for auth in (None, ("me", "wrong")):
            error = await failing(server, auth=auth, task={"sampler": "Euler"})

            assert isinstance(error, EngineAuth)
            assert "secret" not in error.detail


async def test_nobody_there_means_that_nothing_was_taken(server: Automatic1111Server) -> None:
    async with connected(server) as engine, server.down():
        assert isinstance(await failure(engine), EngineUnavailable)
        assert isinstance(await failure(engine, sampler="Euler"), EngineUnavailable)


@pytest.mark.parametrize("dialect", [A1111, SDNEXT, SDCPP], ids=lambda dialect: dialect.name)
async def test_a_connection_that_breaks_is_a_lost_job_or_an_unknown_outcome_where_it_costs(dialect: Dialect) -> None:
    async with Automatic1111Server(dialect) as server:
        for free, kind in ((True, LostJob), (False, UnknownOutcome)):
            server.order(faults.CUT_BEFORE)

            assert type(await failing(server, corrections={"free": free})) is kind


async def test_where_drawing_costs_a_broken_gateway_leaves_the_outcome_unknown(server: Automatic1111Server) -> None:
    for order in (faults.BAD_GATEWAY, faults.TEXT_500):
        server.order(order)

        assert isinstance(await failing(server, corrections={"free": False}), UnknownOutcome)


def test_a_connection_cut_for_the_time_it_took_is_told_as_such() -> None:
    errors = Errors("home", free=True)
    late = Call(took_s=PATIENCE_S)

    for error in (errors.broken(Broken("reset"), late), errors.refused(Refusal(502, text="no"), late)):
        assert isinstance(error, EngineTimeout)
        assert error.args_["seconds"] == PATIENCE_S
        assert "proxy or tunnel" in error.detail


def test_a_checkpoint_that_a_person_chose_is_theirs_to_change() -> None:
    error = Errors("home", free=True).refused(Refusal(404, value={"detail": "Model not found"}), Call(own_model=False))

    assert isinstance(error, EngineRejected)
    assert error.args_["field"] == "model"


async def test_an_error_that_never_ends_is_told_by_its_beginning() -> None:
    async def endless(line: Line) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while b"2img" not in (await line.request()).split(b"\r\n")[0]:
                await line.answer(b"{}", status="404 Not Found")
            await line.send(b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                await line.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    async with listening(endless) as listener:
        engine = Automatic1111Engine("home", Http(listener.url, Guard(private=True)), poll_s=POLL_S)
        error = await failure(engine)
        await engine.aclose()

    assert error.detail.startswith("500 xxx")


async def test_pictures_that_can_be_read_are_handed_over_before_the_error(server: Automatic1111Server) -> None:
    async with connected(server) as engine:
        good = (await drawn(engine)).pictures[0].data
        server.order(Reply.json(200, {"images": [pybase64.b64encode(good).decode(), "!"], "info": ""}))
        recorder = Recorder()
        with pytest.raises(BadAnswer):
            await engine.generate(fox(count=2), recorder.run())

    assert [picture.data for picture in recorder.pictures] == [good]


async def test_a_server_that_sends_nothing_is_left_when_the_time_is_up(server: Automatic1111Server) -> None:
    async with connected(server) as engine, server.pausing():
        run = Recorder().run()
        drawing = asyncio.create_task(engine.generate(fox(), run))
        await server.running()
        run.cancelled.set()  # what the core does at the deadline
        with pytest.raises(Cancelled):
            await drawing
        await server.interrupted()
