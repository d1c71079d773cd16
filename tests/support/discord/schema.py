"""Discord's own OpenAPI document (discord/discord-api-spec), where it is at hand: bodies are checked against it.

It is looked for beside the project, or where the environment variable DISCORD_OPENAPI says. It is a preview, and the
developer docs win over it: `EXCEPTIONS_…` say where.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.discord.errors import Payload
from tests.support.discord.forms import Body

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

ROOT = Path(__file__).parents[3]
URI = "urn:discord"
EXCEPTIONS_IN_REQUESTS: Payload = {
    # Docs, "Snowflakes": "the API will accept both integer and string types"; discord.py sends integers.
    "SnowflakeType": {"type": ["string", "integer"], "pattern": "^(0|[1-9][0-9]*)$"},
}
EXCEPTIONS_IN_ANSWERS: Payload = {
    # Docs, "Error Messages": codes of form errors are strings; the document says integers.
    "ErrorDetails": {"type": "object"},
}


def path() -> Path:
    """Return where the document should be."""
    return Path(os.environ.get("DISCORD_OPENAPI") or ROOT.parent / "shared" / "discord-api" / "openapi.json")


def note() -> str | None:
    """Return what to say once at the end of a test run: that bodies were not checked, if the document is missing."""
    if path().exists():
        return None
    return f"Discord's OpenAPI document is not at {path()} (DISCORD_OPENAPI): bodies were not checked against it."


class Schema:
    """Checks requests and answers. Routes are written like "POST /channels/{channel_id}/messages"."""

    def __init__(self) -> None:
        self._path = path()
        self._there = self._path.exists()

    def request(self, route: str, body: Body) -> list[str]:
        """Return what is wrong with a request's JSON, or with the `payload_json` of a multipart one."""
        if not self._there or (not body.payload and not body.files):
            return []
        pointer = f"{_pointer(route)}/requestBody/content/application~1json/schema"
        return self._wrong(pointer, body.payload, f"{route}:", answers=False)

    def answer(self, route: str, status: int, answer: object) -> list[str]:
        """Return what is wrong with an answer of this server's own."""
        if not self._there or answer is None:
            return []
        if status >= 400:
            pointer = (
                "/components/schemas/RatelimitedResponse" if status == 429 else "/components/schemas/ErrorResponse"
            )
        else:
            pointer = f"{_pointer(route)}/responses/{status}/content/application~1json/schema"
        return self._wrong(pointer, answer, f"answer {status} to {route}:", answers=True)

    def _wrong(self, pointer: str, instance: object, about: str, *, answers: bool) -> list[str]:
        return [f"{about} {each}" for each in _mistakes(self._path, pointer, answers, json.dumps(instance))]


def _pointer(route: str) -> str:
    method, _, where = route.partition(" ")
    return f"/paths/{where.replace('/', '~1')}/{method.lower()}"


@lru_cache(1024)
def _mistakes(path: Path, pointer: str, answers: bool, text: str) -> tuple[str, ...]:
    """Check JSON; the same is not checked twice, for every scenario registers the same commands."""
    validator = _validator(path, pointer, answers)
    if validator is None:
        return ("Discord has no such route, or it takes no such body",)
    return tuple(_told(error) for error in validator.iter_errors(json.loads(text)))


def _told(error: ValidationError) -> str:
    """Say what is wrong, and where, in the one branch of every union that was meant."""
    while error.context:
        branches: dict[object, list[ValidationError]] = {}
        for each in error.context:
            branches.setdefault(each.relative_schema_path[0], []).append(each)
        error = min(branches.values(), key=_unlikely)[0]
    return f"{error.json_path}: {error.message[:300]}"


def _unlikely(branch: list[ValidationError]) -> tuple[bool, int]:
    """Order branches of a union: first those whose `type` fits, then those with fewer mistakes."""
    return any("type" in each.path or each.validator == "type" for each in branch), len(branch)


@cache
def _document(path: Path) -> Payload:
    found: Payload = json.loads(path.read_text("utf-8"))
    return found


@cache
def _validator(path: Path, pointer: str, answers: bool) -> Draft202012Validator | None:
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    document = _document(path)
    parts = document["components"]
    exceptions = EXCEPTIONS_IN_ANSWERS if answers else EXCEPTIONS_IN_REQUESTS
    document = {**document, "components": {**parts, "schemas": parts["schemas"] | exceptions}}
    resource = DRAFT202012.create_resource(document)
    registry: Registry[bool | Mapping[str, object]] = Registry().with_resource(URI, resource)
    try:
        registry.resolver(URI).lookup(f"#{pointer}")
    except Unresolvable:
        return None
    return Draft202012Validator({"$ref": f"{URI}#{pointer}"}, registry=registry)
