"""What an operator sees of the running process: the log, the metrics and the health endpoints.

The log is one stream (standard error) for Easel's own records and those of every library. Whatever runs inside
`structlog.contextvars.bound_contextvars(job=..., server=...)` carries that context, libraries' records included.
Secrets are masked and prompts left out in one place, just before a record is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import errno
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from structlog.typing import Processor

from bot.errors import BotError, ConfigError

LogFormat = Literal["console", "json"]
ReadyParts = Mapping[str, str | None]
"""Every part that must work, by name: None when it does, else the reason, one English sentence."""

MASK: Final = "•••"
LONGEST: Final = 10_000
"""Characters of one logged value; more is cut in the middle, so that no record fills the disk."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SECRET_NAMES: Final = frozenset(
    {"apikey", "auth", "authorization", "bearer", "cookie", "cookies", "credential", "credentials", "key", "keys"}
    | {"passphrase", "passwd", "password", "passwords", "pwd", "secret", "secrets", "token", "tokens"}
)
_PROMPT_NAMES: Final = frozenset({"alt", "caption", "negative", "prompt", "prompts", "text"})
# The second group of each is masked. None can start again inside its own match: hostile text costs linear time.
_CREDENTIALS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(://)([^/\s]*)(?=@)",  # user:password@ in an address …
        r"((?<![\w.+@-])[\w.+-]+:)([^\s/@:]+)(?=@)",  # … and without one
        r"(\b(?:bearer|basic)\s+)([\w.~+/-]{8,}=*)",
        r"(\b(?:sk-|AIza|syt_|eyJ))([\w.-]{8,})",  # OpenAI, Google, Synapse, JSON Web Tokens
        r"(\b)([\w-]{23,28}\.[\w-]{6}\.[\w-]{27,})",  # Discord
        r"(cookie[\"']?\s*[:=]\s*[\"']?)([^\n\"']+)",
        r"([?&;]key=)([^&;\s\"']+)",
        r"((?:token|secret|passw(?:or)?d|api[_-]?key|authorization)[\"']?\s*[:=]\s*[\"']?)([^\s\"'&;,)}\]]+)",
    )
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Terminal escapes and the like, which a stranger's text could carry onto the operator's screen."""


def configure_logging(format: LogFormat, *, log_prompts: bool) -> None:
    """Send all records of level INFO and above to standard error: lines for people, or one JSON object each.

    Replaces any earlier configuration, so it may be called again.
    """
    people = format == "console"
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if people else "iso", utc=not people),
    ]
    renderer: Processor = structlog.processors.JSONRenderer()
    if people:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    handler = _StandardError(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,  # as text, so that it is searched too; without local variables
                Redaction(log_prompts),
                renderer,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # ten lines about its plugins at every upgrade
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*first, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


class _StandardError(logging.StreamHandler[TextIO]):
    """A stream handler that does not print a record it could not format, as logging does: it is not redacted."""

    def handleError(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it any more
            self.stream.write(f"A log record of {record.name} ({record.levelname}) could not be written.\n")


class Redaction:
    """The log processor that masks secrets, and leaves prompts out unless the operator wants them.

    A value is secret when a word of its name says so (`api_key`, `X-Auth-Token`), at any depth. Everything written
    as text, tracebacks included, is searched for the usual forms of credentials. Numbers are neither.
    """

    def __init__(self, log_prompts: bool) -> None:
        """`log_prompts` keeps the values named prompt, text and the like."""
        self._left_out: frozenset[str] = frozenset() if log_prompts else _PROMPT_NAMES

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Return the record as it may be written."""
        return self._fields(event.items())

    def _fields(self, items: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for name, value in items:
            words = {word.lower() for word in _WORD.findall(str(name))}
            if value is None or isinstance(value, int | float):
                clean[str(name)] = value
            elif words & _SECRET_NAMES:
                clean[str(name)] = MASK
            elif not words & self._left_out:
                clean[str(name)] = self._value(value)
        return clean

    def _value(self, value: Any) -> Any:
        match value:
            case None | int() | float():
                return value
            case str():
                return scrub(value)
            case bytes() | bytearray() | memoryview():
                return f"<{len(value)} bytes>"
            case Mapping():
                return self._fields(value.items())
            case list() | tuple() | set() | frozenset():
                return [self._value(item) for item in value]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):  # a Request or a Plan holds the prompt
            return self._fields((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return scrub(repr(value))


def scrub(text: str) -> str:
    """Mask everything in the text that has the form of a credential; cut it at LONGEST characters."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} […] {text[-LONGEST // 2 :]}"
    for pattern in _CREDENTIALS:
        text = pattern.sub(rf"\1{MASK}", text)
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def report(what: str, error: Exception, **more: object) -> None:
    """Log that something of ours failed: known trouble in one line, everything else with where it came from."""
    log = structlog.get_logger("easel")
    if isinstance(error, BotError):
        log.warning(what, error=type(error).__name__, detail=error.detail, **more)
    else:
        log.error(what, exc_info=error, **more)


class Metrics:
    """The process's own figures. Labels are engine types, outcomes and platforms: never people or servers."""

    def __init__(self) -> None:
        """Start all figures at zero, in a registry of their own."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.accepted = Counter("easel_jobs_accepted", "Accepted jobs", ["engine_type"], registry=self.registry)
        self.ended = Counter(
            "easel_jobs_ended",
            "Ended jobs; outcome is delivered, cancelled or the error's name",
            ["engine_type", "outcome"],
            registry=self.registry,
        )
        self.queued = Gauge("easel_jobs_queued", "Jobs waiting for an engine", registry=self.registry)
        self.running = Gauge("easel_jobs_running", "Jobs being drawn", ["engine_type"], registry=self.registry)
        self.drawing = Histogram(
            "easel_drawing_seconds",
            "From the start of a drawing to its last picture",
            ["engine_type"],
            buckets=(0.5, 1, 2, 5, 10, 20, 40, 60, 120, 300, 600),
            registry=self.registry,
        )
        self.delivery = Histogram(
            "easel_delivery_seconds",
            "From the last picture to the message on the platform",
            ["platform"],
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=self.registry,
        )
        self.loop_lag = Histogram(
            "easel_event_loop_lag_seconds",
            "How late the event loop runs what is due",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5),
            registry=self.registry,
        )


async def sample_loop_lag(metrics: Metrics, *, every: float = 0.5) -> None:
    """Measure how late a sleep of `every` seconds ends, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every
        await asyncio.sleep(every)
        metrics.loop_lag.observe(max(0.0, loop.time() - due))


class HealthServer:
    """The listener for `/healthz` (the event loop answers), `/readyz` (every part works) and `/metrics`."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        metrics: Metrics,
        ready: Callable[[], Awaitable[ReadyParts]],
        answer_within: float = 5.0,
    ) -> None:
        """Port 0 takes any free one; see `port` after `start`. `answer_within`: seconds `ready` may take."""
        self.host = host
        self.port = port
        self._metrics = metrics
        self._ready = ready
        self._answer_within = answer_within
        app = web.Application()
        app.router.add_get("/healthz", self._get_health)
        app.router.add_get("/readyz", self._get_readiness)
        app.router.add_get("/metrics", self._get_metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> None:
        """Listen. Raises ConfigError when the address cannot be used."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port).start()
        except OSError as error:
            await self.stop()
            raise cannot_listen("http", self.host, self.port, error) from error
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the listener and every connection."""
        await self._runner.cleanup()

    async def _get_health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _get_readiness(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self._answer_within):
                parts = await self._ready()
        except TimeoutError:
            parts = {"easel": f"No answer within {self._answer_within:g} seconds."}
        ready = all(reason is None for reason in parts.values())
        body = {"ready": ready, "parts": {name: "ok" if reason is None else reason for name, reason in parts.items()}}
        return web.json_response(body, status=200 if ready else 503)

    async def _get_metrics(self, request: web.Request) -> web.Response:
        text = generate_latest(self._metrics.registry)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def cannot_listen(section: Literal["http", "local"], host: str, port: int, error: OSError) -> ConfigError:
    """Say why the address of this section of the configuration cannot be listened on, and what to change."""
    environment = f"EASEL_{section.upper()}__"
    match error.errno:
        case errno.EADDRINUSE:
            problem = (
                f"{section}.port: port {port} on {host} is already in use. Stop the other program (another Easel?) "
                f"or choose another port ({environment}PORT)."
            )
        case errno.EACCES:
            problem = (
                f"{section}.port: this user may not listen on port {port}. Choose one above 1023 ({environment}PORT)."
            )
        case _:
            reason = error.strerror or error
            problem = f"{section}.host: cannot listen on {host} port {port}: {reason} ({environment}HOST)."
    return ConfigError(problem)
