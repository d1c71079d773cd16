"""The local ComfyUI server against what was seen on the real one: events, websockets, restarts."""

from __future__ import annotations

import asyncio
import json
import struct

import aiohttp
import pytest

from tests.support import comfyui_faults as faults
from tests.support.comfyui_client import Client, client_of, small, types_of
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import SAMPLER, SAVE

META = {"supports_preview_metadata": True}


# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_order_of_events(server: ComfyUIServer, client: Client) -> None:
    async with client.listening() as ears:
        assert (await ears.hear()).data == {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "me"}
        id = await client.submit(small())
        heard = await ears.until("executing", node=None)

    assert types_of(heard[:4]) == ["status", "status", "execution_start", "execution_cached"]
    assert types_of(heard[-3:]) == ["execution_success", "status", "executing"]
    by_node = [
        (each.type, each.data["node"])
        for each in heard
        if each.type in ("executing", "progress", "executed") and each.data["node"] is not None
    ]
    assert by_node == [
        *(("executing", node) for node in ("4", "6", "7", "5", SAMPLER)),
        ("progress", SAMPLER),
        ("progress", SAMPLER),
        ("executing", "8"),
        ("executing", SAVE),
        ("executed", SAVE),
    ]
    assert {each.data["prompt_id"] for each in heard if each.type != "status"} == {id}
    assert [each.data["status"]["exec_info"]["queue_remaining"] for each in heard if each.type == "status"] == [1, 1, 0]
    before = heard[types_of(heard).index("executing") - 1]
    assert before.type == "progress_state"
    assert before.data["nodes"]["4"]["state"] == "running"
    last = [each for each in heard if each.type == "progress_state"][-1].data["nodes"]
    assert {node: facts["state"] for node, facts in last.items()} == dict.fromkeys("34567" + "89", "finished")
    assert set(last[SAMPLER]) >= {"value", "max", "display_node_id", "parent_node_id", "real_node_id"}


async def test_only_the_submitter_gets_events(server: ComfyUIServer, client: Client) -> None:
    async with client.listening("me") as mine, client.listening("other") as others:
        await client.draw(small(), "me")

        assert set(types_of(await others.everything(server))) == {"status"}
        assert "execution_success" in types_of(await mine.everything(server))


async def test_without_a_client_id_progress_and_previews_go_to_everybody() -> None:
    async with ComfyUIServer(previews=True) as server, client_of(server) as client, client.listening("other") as ears:
        await client.draw(small(), None)

        assert set(types_of(await ears.everything(server))) == {"status", "progress_state", "progress", "binary"}


async def test_previews_say_what_they_belong_to_for_those_who_asked_first() -> None:
    async with ComfyUIServer(previews=True) as server, client_of(server) as client:
        async with client.listening("old") as ears:
            await ears.socket.send_str("{}")
            await ears.socket.send_json({"type": "feature_flags", "data": META})  # too late: not the first message
            await client.draw(small(1), "old")
            old = [each.frame for each in await ears.everything(server) if each.type == "binary"]
        async with client.listening("new", META) as ears:
            id = await client.submit(small(2), "new")
            new = [each.frame for each in await ears.everything(server) if each.type == "binary"]

    assert [struct.unpack(">II", frame[:8]) for frame in old] == [(1, 1)] * 2
    assert all(frame[8:11] == b"\xff\xd8\xff" for frame in old)
    event, length = struct.unpack(">II", new[0][:8])
    about = json.loads(new[0][8 : 8 + length])
    assert (event, len(new)) == (4, 2)
    assert about == {
        "node_id": SAMPLER,
        "prompt_id": id,
        "display_node_id": SAMPLER,
        "parent_node_id": None,
        "real_node_id": SAMPLER,
        "image_type": "image/jpeg",
    }
    assert new[0][8 + length : 11 + length] == b"\xff\xd8\xff"


async def test_in_new_versions_a_prompt_says_whether_it_wants_previews() -> None:
    async with ComfyUIServer(version="0.38.1") as server, client_of(server) as client, client.listening() as ears:
        await client.draw(small(1))
        assert "binary" not in types_of(await ears.everything(server))
        await client.draw(small(2), extra_data={"preview_method": "auto"})
        assert "binary" in types_of(await ears.everything(server))


async def test_a_failed_node_is_told_and_the_worker_goes_on(server: ComfyUIServer, client: Client) -> None:
    server.order(faults.OUT_OF_MEMORY)
    async with client.listening() as ears:
        entry = await client.draw(small(1))
        heard = await ears.until("executing", node=None)
        assert (await client.draw(small(2)))["status"]["status_str"] == "success"

    assert types_of(heard)[-3:] == ["execution_error", "status", "executing"]
    [error] = [each.data for each in heard if each.type == "execution_error"]
    assert (error["node_id"], error["node_type"]) == (SAMPLER, "KSampler")
    assert error["exception_type"] == "torch.OutOfMemoryError"
    assert "This error means you ran out of memory on your GPU" in error["exception_message"]
    assert error["exception_message"].endswith("\n")
    assert error["executed"] == ["4", "6", "7", "5"]
    assert {"traceback", "current_inputs", "current_outputs", "timestamp"} <= set(error)
    assert (entry["status"]["status_str"], entry["status"]["completed"]) == ("error", False)
    assert entry["status"]["messages"][-1] == ["execution_error", error]
    assert entry["outputs"] == {}


# ── websockets that fail ────────────────────────────────────────────────────────────────────────────────────────


async def test_stuck_delivery_stops_everybodys_events_and_no_jobs(server: ComfyUIServer, client: Client) -> None:
    async with client.listening() as ears:
        await ears.hear()
        hearing = asyncio.create_task(ears.hear())
        async with server.stuck_sockets():
            id = await client.submit(small())
            await server.finished(id)
            assert (await client.get(f"/history/{id}"))[id]["status"]["completed"]
            assert not hearing.done()
        assert (await hearing).type == "status"
        assert types_of(await ears.until("executing", node=None))[-3:] == ["execution_success", "status", "executing"]


async def test_a_socket_that_takes_over_an_id_goes_deaf_when_the_older_one_ends(
    server: ComfyUIServer, client: Client
) -> None:
    old = await client.session.ws_connect(server.url + "/ws?clientId=me")
    await old.receive()
    async with client.listening() as ears:
        await client.draw(small(1))
        assert types_of(await ears.until("executing", node=None))[-3] == "execution_success"  # the newer one hears …
        await old.close()
        await server.ended(server.calls("GET /ws")[0])
        hearing = asyncio.create_task(ears.hear())
        await client.draw(small(2))
        await server.idle()
        assert not hearing.done()  # … and then nothing, for good
        await server.cut_sockets()
        with pytest.raises(AssertionError):
            await hearing


async def test_who_comes_back_in_mid_job_is_told_the_current_node_only(server: ComfyUIServer, client: Client) -> None:
    async with server.pausing():
        async with client.listening() as ears:
            id = await client.submit(small())
            await ears.until("executing", node=SAMPLER)
            await server.cut_sockets()
            assert (await ears.socket.receive(timeout=30)).type in (
                aiohttp.WSMsgType.CLOSED,
                aiohttp.WSMsgType.ERROR,
                aiohttp.WSMsgType.CLOSE,
            )
        async with client.listening() as ears:
            assert [(await ears.hear()).type for _ in range(2)] == ["status", "executing"]
            server.allow(99)
            assert types_of(await ears.until("executing", node=None))[-3] == "execution_success"
    assert server.history[id]["status"]["completed"]


async def test_a_prompt_may_run_in_silence(server: ComfyUIServer, client: Client) -> None:
    server.order(faults.NO_EVENTS)
    async with client.listening() as ears:
        assert (await client.draw(small()))["status"]["completed"]
        assert set(types_of(await ears.everything(server))) == {"status"}


# ── what gets lost ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_lost_prompt_is_nowhere(server: ComfyUIServer, client: Client) -> None:
    server.order(faults.LOST)
    lost, next = await client.submit(small(1)), await client.submit(small(2))
    await server.finished(next)

    assert await client.get(f"/history/{lost}") == {}
    assert await client.get("/queue") == {"queue_running": [], "queue_pending": []}


async def test_a_restart_loses_queue_history_and_temporary_files(server: ComfyUIServer, client: Client) -> None:
    done = await client.draw(small(1))
    async with server.pausing(), client.listening() as ears:
        running, waiting = await client.submit(small(2)), await client.submit(small(3))
        await server.running(running)
        async with server.crashed():
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.get("/queue")
        assert await client.get("/queue") == {"queue_running": [], "queue_pending": []}
        assert await client.get("/history") == {}
        while not ears.socket.closed:
            await ears.socket.receive(timeout=30)
    assert await client.picture(done), "saved pictures stay"
    again = await client.draw(small(1))
    assert again["outputs"] != done["outputs"], "nothing is cached any more"
    assert [prompt.id for prompt in server.submitted[1:3]] == [running, waiting], "the log stays"


async def test_an_accepted_prompt_whose_answer_is_lost_runs(server: ComfyUIServer, client: Client) -> None:
    server.order(faults.ANSWER_LOST)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.submit(small(), prompt_id="mine")

    assert (await server.finished("mine"))["status"]["completed"]
    assert [prompt.id for prompt in server.submitted] == ["mine"]
