"""How far a prompt is, from the events on the websocket."""

from __future__ import annotations

from collections.abc import Mapping

from bot.engines.comfyui.workflow import Graph, inputs

SAMPLER_WEIGHT = 20.0
"""What a node that draws step by step counts against 1 of any other: about what it takes of the time."""


class Progress:
    """Counts nodes and the steps within them. The fraction never falls, and 1 is left to who has the pictures.

    Newer servers send `progress_state` with all nodes so far; older ones `executing`, `executed` and `progress` for one
    node at a time. Both name nodes of loops and subgraphs (`5.0.1`) that are in no graph: they count for nothing.
    """

    def __init__(self, graph: Graph) -> None:
        """`graph` is the prompt as it was sent."""
        self._weights = {id_: SAMPLER_WEIGHT if "latent_image" in inputs(node) else 1.0 for id_, node in graph.items()}
        self._whole = sum(self._weights.values())
        self._done: dict[str, float] = {}
        self._current: str | None = None
        self.fraction: float | None = None
        """0-1; None until something is known."""

    def take(self, kind: str, data: Mapping[str, object]) -> bool:
        """Take an event's data; return whether the fraction grew."""
        node = data.get("node")
        match kind:
            case "execution_cached":
                cached = data.get("nodes")
                for each in cached if isinstance(cached, list) else []:
                    self._set(each, 1.0)
            case "progress_state":
                states = data.get("nodes")
                for each, state in states.items() if isinstance(states, dict) else ():
                    if isinstance(state, dict):
                        self._set(each, 1.0 if state.get("state") == "finished" else _share(state))
            case "executing":
                if self._current is not None and node != self._current:
                    self._set(self._current, 1.0)
                self._current = node if isinstance(node, str) else None
            case "progress":
                self._set(node, _share(data))
            case "executed":
                self._set(node, 1.0)
            case _:
                return False
        return self._grew()

    def _set(self, node: object, share: float) -> None:
        if isinstance(node, str) and node in self._weights:
            self._done[node] = max(share, self._done.get(node, 0.0))

    def _grew(self) -> bool:
        done = sum(self._weights[node] * share for node, share in self._done.items())
        fraction = min(done / self._whole, 0.99)
        if fraction <= (self.fraction or 0.0):
            return False
        self.fraction = fraction
        return True


def _share(state: Mapping[str, object]) -> float:
    """Return `value` of `max` as 0-1; whatever the server says, it is a number."""
    value, whole = state.get("value"), state.get("max")
    if not isinstance(value, int | float) or not isinstance(whole, int | float) or not whole > 0:
        return 0.0
    share = value / whole
    return min(share, 1.0) if share > 0 else 0.0  # NaN is JSON to some servers
