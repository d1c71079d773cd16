"""Asks a moderation service whether a prompt and its pictures may be drawn: OpenAI's, or what speaks like it.

`POST {base}/moderations` with `{"model", "input"}`, the input a text or a list of `{"type": "text", "text"}` and
`{"type": "image_url", "image_url": {"url"}}`, answers `{"results": [{"flagged", "categories": {"sexual/minors": …}}]}`
and costs nothing, so that a call whose answer was lost may be repeated. One picture goes with each call: that is all
omni-moderation surely takes. Of a picture it judges violence, self-harm and sexual content only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.errors import Moderated, ModerationAway
from bot.net.client import Http, Timeouts, check_headers
from bot.net.encoding import in_base64
from bot.net.errors import Broken, Malformed, NotReached, TooLong
from bot.net.guard import Guard
from bot.net.said import describe, said_by, without
from bot.pictures import encode
from bot.pictures.inputs import InputPicture
from bot.pictures.inspect import RESULT_PIXELS, sniff
from bot.pictures.sandbox import Sandbox
from bot.settings.tables import LlmSettings, ModerationSettings

OFFICIAL = "https://api.openai.com/v1"
TIMEOUT_S = 5.0
"""For all calls of one check together; shrinking pictures is not counted."""
PAUSE_S = 0.2
"""Before a lost call is repeated."""
CALLS_AT_ONCE = 4
LARGEST_ANSWER = 256 * 1024
SIDE = 1024
"""Pixels of a picture's longer side that are shown."""
SMALL = 1_000_000
"""Bytes of a picture that is shown as it is, if it has no more pixels than that."""
CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
"""As OpenAI spells them; LiteLLM adds each with underscores."""


def endpoint(settings: ModerationSettings, llm: LlmSettings) -> tuple[str, str]:
    """Return the service's address and key: its own, else the language model's.

    The language model's key goes to the language model's address only. Raises ValueError that says what to configure.
    """
    own = settings.api_key.get_secret_value()
    shared, shared_key = "", ""
    if llm.type == "openai":
        shared_key = llm.api_key.get_secret_value()
        shared = llm.base_url or (OFFICIAL if llm.model or shared_key else "")
    base = settings.base_url or shared or (OFFICIAL if own else "")
    if not base:
        raise ValueError(
            'moderation.base_url: is needed for moderation = "provider", or an api_key of OpenAI here or in [llm]'
        )
    return base, own or (shared_key if base == shared else "")


class Provider:
    """One moderation service."""

    def __init__(self, base: str, key: str, model: str, sandbox: Sandbox) -> None:
        """`base` ends in /v1 as a rule; `sandbox` shrinks pictures. Raises ValueError("moderation.<key>: …")."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            check_headers(headers)
        except ValueError as error:
            raise ValueError(f"moderation.api_key: {error}") from error
        try:
            self._http = Http(base, Guard(private=True), headers=headers)
        except ValueError as error:
            raise ValueError(f"moderation.base_url: {error}") from error
        self._model = model
        self._sandbox = sandbox

    async def check(self, text: str, pictures: Sequence[InputPicture]) -> None:
        """Ask about a text and each of the pictures. Raises Moderated, ModerationAway."""
        questions: list[object] = [_about(text, await self._shown(each)) for each in pictures]
        if not questions and text.strip():
            questions = [text]
        turn = asyncio.Semaphore(CALLS_AT_ONCE)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                ends = await asyncio.gather(
                    *(self._ask(each, text, turn) for each in questions), return_exceptions=True
                )
        except TimeoutError as error:
            raise self._away(f"no answer within {TIMEOUT_S:g} s") from error
        failures = [each for each in ends if each is not None]
        for failure in sorted(failures, key=lambda each: not isinstance(each, Moderated)):
            raise failure

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _ask(self, question: object, text: str, turn: asyncio.Semaphore) -> None:
        """Ask one question, once more when the answer was lost. Raises Moderated, ModerationAway."""
        async with turn:
            try:
                await self._once(question, text)
            except _Lost:
                await asyncio.sleep(PAUSE_S)
                try:
                    await self._once(question, text)
                except _Lost as lost:
                    raise self._away(str(lost)) from lost

    async def _once(self, question: object, text: str) -> None:
        try:
            async with self._http.request(
                "POST",
                "/moderations",
                json={"model": self._model, "input": question},
                limit=LARGEST_ANSWER,
                timeouts=Timeouts(connect=TIMEOUT_S, read=TIMEOUT_S),
            ) as answer:
                if not answer.ok:
                    told = describe(answer.status, without(await said_by(answer), text))
                    raise _Lost(told) if answer.status >= 500 else self._away(told)
                value = await answer.json()
        except (NotReached, Broken) as error:
            raise _Lost(error.detail) from error
        except (TooLong, Malformed) as error:
            raise self._away(f"{error.detail}; the address usually ends in /v1") from error
        flagged = _flagged(value)
        if flagged is None:
            raise self._away("the answer is no verdict")
        if flagged:
            raise Moderated(detail=f"the moderation service: {', '.join(flagged)}")

    async def _shown(self, picture: InputPicture) -> str:
        """Return a picture as the service gets it, in an address that is the picture itself."""
        data, mime = picture.data, picture.mime
        if len(data) > SMALL or max(picture.width, picture.height) > SIDE:
            try:
                data, mime = await self._shrunk(data), "image/jpeg"
            except Exception as error:  # whatever it is, the picture was not looked at
                raise ModerationAway(detail=f"a picture could not be shrunk: {type(error).__name__}") from error
        return f"data:{mime};base64,{await in_base64(data)}"

    async def _shrunk(self, data: bytes) -> bytes:
        format = sniff(data)
        if format is None:
            raise ValueError("not a stored picture")
        async with self._sandbox.scratch() as directory:
            source, target = directory / "source", directory / "target"
            await self._sandbox.write(source, data)
            await self._sandbox.call(encode.thumbnail, source, target, format, SIDE, RESULT_PIXELS)
            return await self._sandbox.read(target)

    def _away(self, detail: str) -> ModerationAway:
        return ModerationAway(detail=f"{self._http.base}: {detail}")


class _Lost(Exception):
    """No answer came, or the service failed; the same may be asked again."""


def _about(text: str, picture: str) -> list[object]:
    words = [{"type": "text", "text": text}] if text.strip() else []
    return [*words, {"type": "image_url", "image_url": {"url": picture}}]


def _flagged(value: object) -> list[str] | None:
    """Return the categories an answer names, ["unnamed"] where it just says so; None when it does not say yes or no."""
    match value:
        case {"results": [_, *_] as results}:
            pass
        case _:
            return None
    names: list[str] = []
    for each in results:
        match each:
            case {"flagged": bool(flagged), **rest}:
                categories = rest.get("categories")
                found = [name for name in CATEGORIES if isinstance(categories, dict) and categories.get(name) is True]
                names += found or (["unnamed"] if flagged else [])
            case _:
                return None
    return list(dict.fromkeys(names))
