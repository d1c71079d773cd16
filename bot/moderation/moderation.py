"""Checks prompts and pictures before anything is sent to an engine."""

from __future__ import annotations

from collections.abc import Sequence

from bot import types
from bot.errors import Moderated, ModerationAway
from bot.moderation.provider import Provider, endpoint
from bot.moderation.words import Words
from bot.pictures.inputs import InputPicture
from bot.pictures.sandbox import Sandbox
from bot.settings.tables import LlmSettings, ModerationSettings


class Moderation:
    """The operator's word list, and the moderation service where one is asked."""

    def __init__(self, settings: ModerationSettings, llm: LlmSettings, *, sandbox: Sandbox | None = None) -> None:
        """`sandbox` shrinks pictures; without one Moderation has its own. Never raises: a service that cannot work is
        only told of when it is to be asked.
        """
        self._words = Words(settings.words)
        self._settings = settings
        self._llm = llm
        self._sandbox = sandbox or Sandbox(children=1)
        self._own = sandbox is None
        self._provider: Provider | None = None

    def check_words(self, text: str) -> None:
        """Raise Moderated if one of the operator's words stands in the text."""
        if self._words.found(text):
            raise Moderated(detail="a word of moderation.words")

    async def check(self, how: types.Moderation, text: str, pictures: Sequence[InputPicture] = ()) -> None:
        """Raise Moderated if this may not be drawn: `off` allows everything, `words` looks for the operator's words,
        `provider` does so first and then asks the service.

        Raises ModerationAway when the service cannot be asked, or gives no answer that says yes or no.
        """
        if how == "off":
            return
        self.check_words(text)
        if how == "provider":
            if self._provider is None:
                self._provider = self._connected()
            await self._provider.check(text, pictures)

    async def aclose(self) -> None:
        """Close connections and end the children that shrink pictures."""
        if self._provider is not None:
            await self._provider.aclose()
        if self._own:
            await self._sandbox.aclose()

    def _connected(self) -> Provider:
        try:
            base, key = endpoint(self._settings, self._llm)
            return Provider(base, key, self._settings.model, self._sandbox)
        except ValueError as error:
            raise ModerationAway(detail=str(error)) from error
