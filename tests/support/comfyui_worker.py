"""The queue, the history and the one worker of the ComfyUI server."""

from __future__ import annotations

from typing import Any

from tests.support.comfyui_run import Machine, Prompt, Run


class Worker:
    """Runs prompts one after the other, lowest number first."""

    def __init__(self, machine: Machine) -> None:
        """Nothing is queued yet; call `work`."""
        self.machine = machine
        self.pending: list[Prompt] = []
        self.running: Prompt | None = None
        self.history: dict[str, dict[str, Any]] = {}
        self.started: list[str] = []
        """Ids in the order their turn came."""

    # ── what routes ask for ─────────────────────────────────────────────────────────────────────────────────────

    def remaining(self) -> int:
        """Count what waits and runs."""
        return len(self.pending) + (self.running is not None)

    def put(self, prompt: Prompt) -> None:
        """Queue a prompt."""
        self.pending.append(prompt)
        self._updated()

    def delete(self, id: str) -> bool:
        """Take a waiting prompt out; tell whether there was one."""
        for prompt in self.pending:
            if prompt.id == id:
                self.pending.remove(prompt)
                self._updated()
                return True
        return False

    def clear(self) -> None:
        """Take all waiting prompts out."""
        self.pending.clear()
        self._updated()

    def interrupt(self, id: str | None) -> bool:
        """Stop what runs, if it is this prompt or if none is named; tell whether something will stop."""
        if id is not None and (self.running is None or self.running.id != id):
            return False
        self.machine.interrupted = True
        self.machine.changes.changed()
        return self.running is not None

    def forget(self) -> None:
        """Lose queue, history and caches, as a process that ends does."""
        self.pending.clear()
        self.history.clear()
        self.machine.cache.clear()
        self.machine.files.clear("temp")
        self.running = None

    def status(self) -> dict[str, Any]:
        """Return what every change of the queue tells everybody."""
        return {"exec_info": {"queue_remaining": self.remaining()}}

    def _updated(self) -> None:
        self.machine.sockets.tell("status", {"status": self.status()}, None)
        self.machine.changes.changed()

    # ── working ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def work(self) -> None:
        """Run prompts, for ever."""
        while True:
            await self.machine.changes.soon(lambda: bool(self.pending), None)
            prompt = min(self.pending, key=lambda each: each.number)
            self.pending.remove(prompt)
            self.started.append(prompt.id)
            if prompt.fault.lost:
                self.machine.changes.changed()
                continue
            self.running = prompt
            self._updated()
            run = Run(self.machine, prompt)
            await run.execute()
            self.running = None
            self.history[prompt.id] = run.entry()
            self._updated()
            run.tell("executing", {"node": None, "prompt_id": prompt.id})
