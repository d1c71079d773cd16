"""The local ComfyUI server against what was seen on the real one: queue, history, caching, stopping, jobs."""

from __future__ import annotations

from tests.support import comfyui_faults as faults
from tests.support.comfyui_client import Client, client_of, small, types_of
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import SAMPLER, SAVE

# ── queue and history ───────────────────────────────────────────────────────────────────────────────────────────


async def test_the_history_is_written_once_at_the_end(server: ComfyUIServer, client: Client) -> None:
    nodes = small()
    async with server.pausing():
        id = await client.submit(nodes, extra_data={"note": 1})
        waiting = await client.submit(small(2))
        await server.running(id)
        assert [await client.get(f"/history/{each}") for each in (id, waiting, "unknown")] == [{}] * 3
        queue = await client.get("/queue")
        assert [each[:2] for each in queue["queue_running"]] == [[0, id]]
        assert [each[:2] for each in queue["queue_pending"]] == [[1, waiting]]
    await server.finished(waiting)

    entry = (await client.get(f"/api/history/{id}"))[id]
    assert entry["prompt"] == [0, id, nodes, {"note": 1, "client_id": "me"}, [SAVE]]
    assert entry["outputs"] == {SAVE: {"images": [{"filename": "easel_00001_.png", "subfolder": "", "type": "output"}]}}
    assert (entry["status"]["status_str"], entry["status"]["completed"]) == ("success", True)
    assert [event for event, _ in entry["status"]["messages"]] == [
        "execution_start",
        "execution_cached",
        "execution_success",
    ]
    assert list(await client.get("/history")) == [id, waiting]
    assert list(await client.get("/history?max_items=1")) == [waiting]
    assert await client.post("/history", {"delete": [id]}) == (200, "")
    assert await client.get(f"/history/{id}") == {}


async def test_numbers_decide_the_order(server: ComfyUIServer, client: Client) -> None:
    async with server.pausing():
        running = await client.submit(small(1))
        await server.running(running)
        second = await client.submit(small(2))
        third = await client.submit(small(3), number=7)
        front = await client.submit(small(4), front=True)
        assert (await client.get("/prompt"))["exec_info"]["queue_remaining"] == 4
    await server.finished(third)

    assert server.worker.started == [running, front, second, third]


async def test_a_used_id_is_taken_again_and_the_later_result_stays(server: ComfyUIServer, client: Client) -> None:
    async with server.pausing():
        id = await client.submit(small(1), prompt_id="mine")
        await client.submit(small(2), prompt_id="mine")
    await server.idle()

    assert server.worker.started == [id, id] == ["mine", "mine"]
    assert server.history["mine"]["prompt"][2][SAMPLER]["inputs"]["seed"] == 2


async def test_the_same_prompt_is_not_run_again_and_names_the_old_files(server: ComfyUIServer, client: Client) -> None:
    first = await client.draw(small(1))
    async with client.listening() as ears:
        again = await client.draw(small(1))
        heard = await ears.until("executing", node=None)
    [cached] = [each.data["nodes"] for each in heard if each.type == "execution_cached"]
    assert again["outputs"] == first["outputs"]
    assert sorted(cached) == list("3456789")
    assert [each.data["node"] for each in heard if each.type == "executed"] == [SAVE]
    assert len(server.machine.computed) == 7

    other = await client.draw(small(2))
    assert other["outputs"] != first["outputs"]
    assert [node for _, node in server.machine.computed[7:]] == [SAMPLER, "8", SAVE]  # models and texts were cached

    server.delete_saved()
    gone = (await client.draw(small(2)))["outputs"][SAVE]["images"][0]
    assert (await client.fetch("/view", gone))[0] == 404


async def test_an_output_saved_before_a_failure_stays(server: ComfyUIServer, client: Client) -> None:
    server.order(faults.FAILS_AFTER_SAVING)
    entry = await client.draw(small())

    assert entry["status"]["status_str"] == "error"
    assert await client.picture(entry)


async def test_success_may_have_no_outputs_and_a_black_picture(server: ComfyUIServer, client: Client) -> None:
    server.order(faults.NO_OUTPUTS, faults.BLACK)
    empty, black = await client.draw(small(1)), await client.draw(small(2))

    assert [each["status"]["status_str"] for each in (empty, black)] == ["success"] * 2
    assert empty["outputs"] == {}
    assert await client.picture(black) != b""


# ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_waits_is_deleted_without_a_trace(server: ComfyUIServer, client: Client) -> None:
    async with server.pausing(), client.listening() as ears:
        running, waiting, last = [await client.submit(small(seed)) for seed in (1, 2, 3)]
        await server.running(running)
        assert await client.post("/queue", {"delete": [running, "unknown"]}) == (200, "")
        assert await client.post("/queue", {"delete": [waiting]}) == (200, "")
        server.allow(99)
        await server.finished(last)
        heard = await ears.everything(server)

    assert list(server.history) == [running, last]
    assert waiting not in {each.data.get("prompt_id") for each in heard}
    async with server.pausing():
        running = await client.submit(small(4))
        await server.running(running)
        await client.submit(small(5))
        assert await client.post("/queue", {"clear": True}) == (200, "")
        assert (await client.get("/queue"))["queue_pending"] == []


async def test_only_what_runs_is_interrupted(server: ComfyUIServer, client: Client) -> None:
    async with server.pausing(), client.listening() as ears:
        assert await client.post("/interrupt", {}) == (200, "")  # idle: it does not hurt the next one
        first, second = await client.submit(small(1)), await client.submit(small(2))
        server.allow(1)
        await server.running(first, step=1)
        for id in (second, "unknown"):
            assert await client.post("/interrupt", {"prompt_id": id}) == (200, "")
        assert server.worker.running
        assert server.worker.running.id == first
        assert await client.post("/interrupt", {"prompt_id": first}) == (200, "")
        entry = await server.finished(first)
        heard = await ears.until("executing", node=None)
        await server.running(second)
        assert await client.post("/interrupt") == (200, "")  # whatever runs
        await server.finished(second)

    assert (entry["status"]["status_str"], entry["status"]["completed"]) == ("error", False)
    event, about = entry["status"]["messages"][-1]
    assert (event, about["node_id"], about["node_type"]) == ("execution_interrupted", SAMPLER, "KSampler")
    assert types_of(heard)[-3:] == ["execution_interrupted", "status", "executing"]
    assert server.history[second]["status"]["messages"][-1][0] == "execution_interrupted"


async def test_a_slow_step_can_be_interrupted(server: ComfyUIServer, client: Client) -> None:
    server.pace(3600)
    id = await client.submit(small())
    await server.running(id)
    await client.post("/interrupt", {"prompt_id": id})

    assert (await server.finished(id))["status"]["messages"][-1][0] == "execution_interrupted"


async def test_old_versions_interrupt_whatever_runs() -> None:
    async with ComfyUIServer(targeted_interrupt=False) as server, client_of(server) as client, server.pausing():
        id = await client.submit(small())
        await server.running(id)
        await client.post("/interrupt", {"prompt_id": "another"})
        assert (await server.finished(id))["status"]["messages"][-1][0] == "execution_interrupted"


async def test_jobs_of_new_versions() -> None:
    async with ComfyUIServer(version="0.38.1") as server, client_of(server) as client:
        async with server.pausing():
            running, waiting, dropped = [await client.submit(small(seed)) for seed in (1, 2, 3)]
            await server.running(running)
            states = [(await client.get(f"/api/jobs/{id}"))["status"] for id in (running, waiting)]
            assert states == ["in_progress", "pending"]
            for id, done in ((dropped, True), (dropped, False), (running, True), ("unknown", False)):
                assert await client.post(f"/api/jobs/{id}/cancel") == (200, {"cancelled": done})
            await server.finished(running)
        await server.finished(waiting)
        server.order(faults.OUT_OF_MEMORY)
        failed = await client.submit(small(4))
        await server.finished(failed)
        jobs = [await client.get(f"/api/jobs/{id}") for id in (running, waiting, failed)]
        missing = [(await client.fetch(f"/api/jobs/{id}"))[0] for id in (dropped, "unknown")]

    assert [job["status"] for job in jobs] == ["cancelled", "completed", "failed"]
    assert jobs[1]["outputs"] == server.history[waiting]["outputs"]
    assert jobs[1]["preview_output"]["filename"] == "easel_00001_.png"
    assert {"id", "create_time", "execution_start_time", "execution_end_time", "workflow"} <= set(jobs[1])
    assert jobs[2]["execution_error"]["exception_type"] == "torch.OutOfMemoryError"
    assert missing == [404, 404]


async def test_old_versions_have_no_jobs(client: Client) -> None:
    assert (await client.fetch("/api/jobs/x"))[:2] == (404, b"")
    assert (await client.post("/api/jobs/x/cancel"))[0] == 405
