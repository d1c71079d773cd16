"""What is read from a ComfyUI server's records and events, whatever it sends; and the pictures that are made for it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.engines.comfyui.blank import clear_png, grey_png
from bot.engines.comfyui.history import Failure, Finished, SavedPicture
from bot.engines.comfyui.progress import Progress
from tests.support.comfyui_workflows import graph

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=15,
)


def image(filename: object, type: object = "output", subfolder: object = "") -> dict[str, object]:
    """One file as a record names it."""
    return {"filename": filename, "subfolder": subfolder, "type": type}


def names(outputs: object, order: tuple[str, ...] = (), **status: object) -> list[str]:
    """The files that are taken from these outputs of a graph with nodes in this order."""
    prompt = [0, "id", {node: {"class_type": "SaveImage", "inputs": {}} for node in order}, {}, []]
    finished = Finished.read({"prompt": prompt, "outputs": outputs, "status": status})
    return [picture.filename for picture in finished.pictures]


# ── records ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_takes_pictures_in_the_order_of_the_graph() -> None:
    outputs = {id_: {"images": [image(f"{id_}a.png"), image(f"{id_}b.png")]} for id_ in ("5.0.1", "12", "9")}

    assert names(outputs, ("9", "3", "12")) == ["9a.png", "9b.png", "12a.png", "12b.png", "5.0.1a.png", "5.0.1b.png"]


def test_takes_what_is_shown_only_where_nothing_is_saved_and_nothing_failed() -> None:
    shown = {"1": {"images": [image("shown.png", "temp"), image("given.png", "input")]}}

    assert names(shown) == ["shown.png"]
    assert names(shown | {"2": {"images": [image("saved.webp")]}}) == ["saved.webp"]
    assert names(shown, status_str="error", messages=[]) == []


def test_takes_still_pictures_only() -> None:
    outputs = {
        "1": {"images": [image("film.mp4"), image("a.JPG"), image("b.jpeg"), image("c.gif"), image("noending")]},
        "2": {"images": [image("moving.webp")], "animated": [True]},
        "3": {"images": [image("still.webp")], "animated": [False]},
        "4": {"gifs": [image("d.png")], "audio": [image("e.flac")], "text": ["words", "more"], "ui": {"x": 1}},
        "5": {"images": ["f.png", None, image(7), image("g.png", None), image("h.png", "output", 3)]},
        "6": {"images": "i.png"},
        "7": None,
        "8": {"a_images": [image("i.png")], "images": [image("j.png"), image("j.png")], "odd": [image("k. a red fox")]},
    }
    finished = Finished.read({"outputs": outputs})

    assert [each.filename for each in finished.pictures] == ["a.JPG", "b.jpeg", "still.webp", "i.png", "j.png"]
    assert finished.other == (
        *("audio .flac", "gifs .png", "images", "images .gif", "images .mp4", "images .webp", "odd"),
        "text",
    )
    assert finished.failure is None


def test_keeps_what_was_saved_before_a_failure_and_says_why() -> None:
    outputs = {"9": {"images": [image("a.png", subfolder="day")]}}
    error = {"node_id": "3", "node_type": "KSampler", "exception_type": "ValueError", "exception_message": "wrong\n"}
    messages = [["execution_start", {}], ["execution_cached", {}], ["execution_error", error], "noise"]
    finished = Finished.read({"outputs": outputs, "status": {"status_str": "error", "messages": messages}})

    assert finished.pictures == (SavedPicture("a.png", "day", "output"),)
    assert finished.failure == Failure("3, KSampler", "ValueError", "wrong")


@pytest.mark.parametrize(
    "messages, failure",
    [
        ([["execution_interrupted", {"node_id": "3"}]], Failure("3", interrupted=True)),
        ([["execution_start", {}]], Failure()),
        (None, Failure()),
        ([[], ["execution_error"], ["execution_error", None]], Failure()),
    ],
)
def test_a_failure_without_a_reason_is_one(messages: object, failure: Failure) -> None:
    assert Finished.read({"status": {"status_str": "error", "messages": messages}}).failure == failure


@given(st.dictionaries(st.sampled_from(("prompt", "outputs", "status", "meta")), ANYTHING))
def test_reads_any_record(entry: dict[str, object]) -> None:
    assert isinstance(Finished.read(entry), Finished)


# ── progress ────────────────────────────────────────────────────────────────────────────────────────────────────


def state(node: str, value: object, most: object = 4, state: str = "running") -> dict[str, object]:
    """The states of one node."""
    return {"nodes": {node: {"value": value, "max": most, "state": state}}}


def test_counts_nodes_and_the_steps_of_the_sampler_most() -> None:
    progress = Progress(graph())  # a sampler and six other nodes

    assert progress.take("execution_cached", {"nodes": ["4", "5", "6"]})
    assert progress.fraction == pytest.approx(3 / 26)
    assert progress.take("progress_state", state("3", 2))
    assert progress.fraction == pytest.approx(13 / 26)
    assert progress.take("progress_state", state("3", 4, state="finished"))
    assert progress.fraction == pytest.approx(23 / 26)
    for node in ("7", "8", "9"):
        assert progress.take("executed", {"node": node})
    assert progress.fraction == 0.99


def test_counts_what_old_servers_tell() -> None:
    progress = Progress(graph())

    assert not progress.take("executing", {"node": "4"})
    assert progress.take("executing", {"node": "3"})
    assert progress.fraction == pytest.approx(1 / 26)
    assert progress.take("progress", {"node": "3", "value": 1, "max": 4})
    assert progress.fraction == pytest.approx(6 / 26)
    assert progress.take("executing", {"node": None})
    assert progress.fraction == pytest.approx(21 / 26)


def test_never_falls_and_ignores_what_is_not_in_the_graph() -> None:
    progress = Progress(graph())
    progress.take("progress_state", state("3", 3))
    before = progress.fraction

    assert not progress.take("progress_state", state("3", 1))
    assert not progress.take("progress_state", state("5.0.1", 4))
    assert not progress.take("status", {"nodes": {}})
    for strange in (float("nan"), -1, "2", None):
        assert not progress.take("progress_state", state("3", strange, strange))
    assert progress.fraction == before


@given(
    st.sampled_from(("progress_state", "progress", "executing", "executed", "execution_cached")),
    st.dictionaries(st.sampled_from(("node", "nodes", "value", "max")), ANYTHING),
)
def test_takes_any_event(kind: str, data: dict[str, object]) -> None:
    progress = Progress(graph())
    progress.take(kind, data)

    assert progress.fraction is None or 0 <= progress.fraction < 1


# ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [(1, 1), (640, 361)])
def test_makes_whole_pictures(size: tuple[int, int]) -> None:
    clear, grey = (Image.open(io.BytesIO(make(*size))) for make in (clear_png, grey_png))

    assert (clear.mode, clear.size, clear.getchannel("A").getextrema()) == ("LA", size, (0, 0))
    assert (grey.mode, grey.size, grey.getextrema()) == ("RGB", size, ((128, 128),) * 3)
