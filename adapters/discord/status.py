"""The one message that shows how a job stands: the response to the command, or a reply that goes when the job ends.

What is shown is never waited for: Discord allows few edits, and while it makes one job's edits wait, no end of a job
may. Edits under way go on in the background; of several standings only the newest is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass

import discord
import structlog

from adapters.discord import lookup, previews, views
from adapters.discord.echo import echo, own, said
from adapters.discord.faults import TROUBLE, uneditable
from adapters.discord.places import channel_of
from adapters.discord.sending import send
from bot.answers import Status
from bot.app import Easel
from bot.types import Job, MessageRef

PREVIEW_EVERY_S = 5.0
PATIENCE_S = 1.0
"""How long the core waits for something to be shown before it goes on in the background."""
QUIET_S = 5.0
"""How long the end of a job waits for an edit under way before it cuts it off."""
END_S = 10.0
"""How long telling the end by an edit may take; the core tries again later."""
SETTLE_S = 60.0
GRACE_S = 1.0
"""How long what is under way may go on when Easel stops."""
KEPT = 2000
"""Jobs, and responses to commands, that are remembered; the oldest are forgotten, should ever more be under way."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Shown:
    """What is shown of one job."""

    message: int | None
    """The status message, once there is one."""
    content: str = ""
    """What it says, as far as this process knows."""
    preview_at: float = float("-inf")
    newest: Status | None = None
    """Waits to be shown."""
    stopped: bool = False
    """Nothing more is shown: the job ended, or Discord forbids it."""
    uncertain: bool = False
    """The message may exist without our knowing its id: the answer was lost, or another process died of it."""
    sending: asyncio.Task[None] | None = None


class StatusMessages:
    """The status messages of all jobs."""

    def __init__(self, client: discord.Client, easel: Easel) -> None:
        """`easel` keeps their ids for whoever ends the job, possibly another process."""
        self._client = client
        self._easel = easel
        self._shown: dict[str, _Shown] = {}
        self._deferred: dict[int, discord.Interaction[discord.Client]] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._since = time.time()

    # ── responses to commands ───────────────────────────────────────────────────────────────────────────────────

    def deferred(self, message: int, interaction: discord.Interaction[discord.Client]) -> None:
        """A command was answered with “thinking…”: its first edit has to go through the interaction to end that."""
        if len(self._deferred) >= KEPT:
            del self._deferred[next(iter(self._deferred))]
        self._deferred[message] = interaction

    def forget(self, message: int) -> None:
        """Nothing became of a deferred response, and it is gone."""
        self._deferred.pop(message, None)

    # ── while the job runs ──────────────────────────────────────────────────────────────────────────────────────

    async def show(self, status: Status) -> None:
        """Show how a job stands, in the background if it takes long; newer standings replace those that wait."""
        shown = self._of(status.job)
        if shown.stopped:
            return
        shown.newest = status
        if shown.sending is None or shown.sending.done():
            shown.sending = self._begin(self._send(shown), f"status {status.job.id}")
        await asyncio.wait({shown.sending}, timeout=PATIENCE_S)

    async def _send(self, shown: _Shown) -> None:
        while (status := shown.newest) is not None and not shown.stopped:
            shown.newest = None
            try:
                message = await self._find(shown, status.job)
                if message is None:
                    await self._post(shown, status)
                else:
                    await self._update(shown, message, status)
            except (discord.Forbidden, discord.NotFound) as error:
                shown.stopped = True
                log.info("status not shown any more", job=status.job.id, code=error.code)
            except TROUBLE as error:
                log.info("status not shown", job=status.job.id, error=repr(error))

    async def _post(self, shown: _Shown, status: Status) -> None:
        job, content = status.job, said(status.job, status.text)
        shown.uncertain = True
        try:
            message = await send(
                self._client,
                job.place,
                content,
                nonce=f"{job.id}-s",
                view=views.buttons(self._easel, job.language, job.id, ["cancel"]),
                reply_to=job.message,
                silent=True,
            )
        except discord.HTTPException as error:
            shown.uncertain = error.status >= 500
            raise
        shown.message, shown.content, shown.uncertain = message.id, content, False
        await self._easel.status_shown(job, str(message.id))

    async def _update(self, shown: _Shown, message: int, status: Status) -> None:
        job, content = status.job, said(status.job, status.text)
        preview = status.preview if time.monotonic() - shown.preview_at >= PREVIEW_EVERY_S else None
        if preview is not None and not previews.showable(preview):
            preview = None
        if content == shown.content and preview is None:
            return
        await self._edit(job, message, content, views.buttons(self._easel, job.language, job.id, ["cancel"]), preview)
        shown.content = content
        if preview is not None:
            shown.preview_at = time.monotonic()

    # ── when it ends ────────────────────────────────────────────────────────────────────────────────────────────

    async def end(self, job: Job, text: str, view: discord.ui.View) -> MessageRef | None:
        """Let the status message say how the job ended; None when there is none, or it can't be changed any more.

        Doing it again changes nothing. Raises discord.HTTPException, TimeoutError.
        """
        shown = self._of(job)
        await self._quiet(shown)
        async with asyncio.timeout(END_S):
            if (message := await self._find(shown, job)) is None:
                return None
            try:
                await self._edit(job, message, said(job, text), view, b"")
            except discord.HTTPException as error:
                if uneditable(error):
                    return None
                raise
        return MessageRef(job.place, str(message))

    async def settle(self, job: Job, posted: tuple[MessageRef, ...]) -> None:
        """Leave only the request's echo of a command's response, and nothing of any other status message.

        Goes on in the background if it takes long; what fails is logged.
        """
        task = self._begin(self._settled(job, {int(each.id) for each in posted}), f"settle {job.id}")
        await asyncio.wait({task}, timeout=PATIENCE_S)

    async def _settled(self, job: Job, posted: set[int]) -> None:
        shown = self._of(job)
        try:
            async with asyncio.timeout(SETTLE_S):
                await self._quiet(shown)
                message = await self._find(shown, job)
                if message is not None and message not in posted:
                    await self._clear(job, message)
        except (discord.Forbidden, discord.NotFound) as error:
            log.info("status message left as it is", job=job.id, code=error.code)
        except TROUBLE as error:
            log.warning("status message not settled", job=job.id, error=repr(error))
        finally:
            self.drop(job)

    async def _clear(self, job: Job, message: int) -> None:
        if own(job) and (words := echo(job.plan.prompt)):
            await self._edit(job, message, words, views.buttons(self._easel, job.language, job.id, []), b"")
        else:
            await channel_of(self._client, job.place).get_partial_message(message).delete()

    def drop(self, job: Job) -> None:
        """Forget a job: nothing more will be told of it."""
        if (shown := self._shown.pop(job.id, None)) is not None and shown.message is not None:
            self.forget(shown.message)

    async def aclose(self) -> None:
        """Let what is under way finish for a moment, then stop it."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE_S)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _of(self, job: Job) -> _Shown:
        shown = self._shown.get(job.id)
        if shown is None:
            message = job.message.id if job.message is not None and job.message.own else job.status_message
            if len(self._shown) >= KEPT:
                del self._shown[next(iter(self._shown))]
            # Of an older job a process that died may have shown something; an undo shows nothing before its end.
            uncertain = message is None and job.created < self._since and not job.plan.shown_again
            shown = self._shown[job.id] = _Shown(int(message) if message else None, uncertain=uncertain)
        return shown

    async def _find(self, shown: _Shown, job: Job) -> int | None:
        """Return the status message; one that may be there without our knowing it is looked for."""
        if shown.message is None and shown.uncertain:
            shown.message = await lookup.status(self._client, job)
            shown.uncertain = False
            if shown.message is not None:
                await self._easel.status_shown(job, str(shown.message))
        return shown.message

    def _begin(self, coroutine: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine, name=name)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("status message failed", task=task.get_name(), exc_info=error)

    async def _quiet(self, shown: _Shown) -> None:
        """Show nothing more, and wait until nothing is under way: a late edit must not undo what comes next."""
        shown.stopped, shown.newest = True, None
        if shown.sending is not None:
            await asyncio.wait({shown.sending}, timeout=QUIET_S)
            shown.sending.cancel()
            await asyncio.wait({shown.sending})

    async def _edit(self, job: Job, message: int, content: str, view: discord.ui.View, preview: bytes | None) -> None:
        """Change a status message. `preview`: the picture it shows from now on, none if empty; None leaves it."""
        interaction = self._deferred.pop(message, None)
        none = discord.AllowedMentions.none()
        if interaction is not None and not interaction.is_expired():
            try:
                await interaction.edit_original_response(
                    content=content, view=view, attachments=previews.files(preview), allowed_mentions=none
                )
                return
            except discord.HTTPException as error:
                log.info("response edited by the channel instead", job=job.id, code=error.code)
        await (
            channel_of(self._client, job.place)
            .get_partial_message(message)
            .edit(content=content, view=view, attachments=previews.files(preview), allowed_mentions=none)
        )
