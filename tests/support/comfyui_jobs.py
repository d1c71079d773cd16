"""How the ComfyUI server's job routes (0.38) tell about a prompt."""

from __future__ import annotations

from typing import Any

from tests.support.comfyui_worker import Worker

_ENDS = {"execution_success", "execution_error", "execution_interrupted"}


def job(worker: Worker, id: str) -> dict[str, Any] | None:
    """Return a prompt as a job; None when it is neither queued nor in the history."""
    if id in worker.history:
        return _ended(id, worker.history[id])
    if worker.running is not None and worker.running.id == id:
        return _open(worker.running.json(), "in_progress")
    for prompt in worker.pending:
        if prompt.id == id:
            return _open(prompt.json(), "pending")
    return None


def _open(item: list[Any], status: str) -> dict[str, Any]:
    number, id, graph, extra_data, _ = item
    return {
        "id": id,
        "status": status,
        "priority": number,
        "create_time": extra_data.get("create_time"),
        "outputs_count": 0,
        "previewable_outputs_count": 0,
        "workflow": {"prompt": graph, "extra_data": extra_data},
    }


def _ended(id: str, entry: dict[str, Any]) -> dict[str, Any]:
    messages = dict(entry["status"]["messages"])
    good, interrupted = entry["status"]["status_str"] == "success", "execution_interrupted" in messages
    status = "completed" if good else "cancelled" if interrupted else "failed"
    end = next(data for event, data in messages.items() if event in _ENDS)
    images = [
        {**image, "nodeId": node, "mediaType": "images"}
        for node, output in entry["outputs"].items()
        for image in output["images"]
    ]
    found = _open(entry["prompt"], status) | {
        "execution_start_time": messages["execution_start"]["timestamp"],
        "execution_end_time": end["timestamp"],
        "execution_error": messages.get("execution_error"),
        "outputs_count": len(images),
        "previewable_outputs_count": len(images),
        "preview_output": images[0] if images else None,
        "outputs": entry["outputs"],
        "execution_status": entry["status"],
    }
    return {name: value for name, value in found.items() if value is not None}
