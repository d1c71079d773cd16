"""What Discord answers when it refuses: status, code and body as documented under "JSON error codes"."""

from __future__ import annotations

from typing import Any

Payload = dict[str, Any]
"""A JSON object of Discord's."""


class ApiError(Exception):
    """A refusal."""

    def __init__(self, status: int, code: int, message: str, errors: Payload | None = None) -> None:
        super().__init__(f"{status} {code} {message} {errors or ''}")
        self.status = status
        self.body: Payload = {"message": message, "code": code}
        if errors:
            self.body["errors"] = errors


# What `ApiError(*…)` takes.
UNAUTHORIZED = (401, 0, "401: Unauthorized")
NOT_FOUND = (404, 0, "404: Not Found")
UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
UNKNOWN_MEMBER = (404, 10007, "Unknown Member")
UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
UNKNOWN_USER = (404, 10013, "Unknown User")
UNKNOWN_EMOJI = (400, 10014, "Unknown Emoji")
UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
TOO_LARGE = (413, 40005, "Request entity too large")
ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
MISSING_ACCESS = (403, 50001, "Missing Access")
NOT_YOUR_MESSAGE = (403, 50005, "Cannot edit a message authored by another user")
EMPTY_MESSAGE = (400, 50006, "Cannot send an empty message")
CLOSED_DM = (403, 50007, "Cannot send messages to this user")
MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
INVALID_WEBHOOK_TOKEN = (401, 50027, "Invalid Webhook Token")
NO_HISTORY_NO_REPLY = (403, 160002, "Cannot reply without permission to read message history")


class Form:
    """Collects what is wrong with a form, by path, and refuses it at the end: code 50035."""

    def __init__(self, path: str = "") -> None:
        """Paths are below this one."""
        self._errors: Payload = {}
        self._path = path.split(".") if path else []

    def wrong(self, path: str, code: str, message: str) -> None:
        """Note an error at a path such as `components.0.custom_id`."""
        node = self._errors
        for part in [*self._path, *filter(None, path.split("."))]:
            node = node.setdefault(part, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def length(self, path: str, text: object, longest: int, shortest: int = 0) -> None:
        """Check a text's length in characters."""
        if not isinstance(text, str):
            self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif not shortest <= len(text) <= longest:
            if shortest:
                self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length.")
            else:
                self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length.")

    def count(self, path: str, items: list[Any], most: int, fewest: int = 0) -> None:
        """Check how many there are."""
        if not fewest <= len(items) <= most:
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {fewest} and {most} in length.")

    def check(self) -> None:
        """Raise ApiError when anything was wrong."""
        if self._errors:
            raise ApiError(400, 50035, "Invalid Form Body", self._errors)


def wrong_form(path: str, code: str, message: str) -> ApiError:
    """Return the refusal of a form with one mistake."""
    form = Form()
    form.wrong(path, code, message)
    try:
        form.check()
    except ApiError as error:
        return error
    raise AssertionError("a form with a mistake is refused")
