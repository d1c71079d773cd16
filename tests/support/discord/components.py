"""Checks a tree of components (docs: "Component Reference") and gives each the id Discord would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.discord.errors import Form, Payload

ROW, BUTTON, SELECT, INPUT, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = (
    1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 17,
)  # fmt: skip
LABEL, UPLOAD, RADIO, CHECKS, CHECK = 18, 19, 21, 22, 23
SELECTS = (3, 5, 6, 7, 8)
LEGACY_TOP = (ROW,)
MODERN_TOP = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
IN_CONTAINER = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
IN_LABEL = (INPUT, *SELECTS, UPLOAD, RADIO, CHECKS, CHECK)
MODERN_TOTAL, MODERN_TEXT = 40, 4000
DEFAULTS: dict[int, Payload] = {
    **{kind: {"min_values": 1, "max_values": 1} for kind in (*SELECTS, UPLOAD)},
    SEPARATOR: {"spacing": 1, "divider": True},
}


def walk(components: list[Payload], path: str = "components") -> Iterator[tuple[str, Payload]]:
    """Walk through a tree with each component's path, parents first."""
    for number, each in enumerate(components):
        at = f"{path}.{number}"
        yield at, each
        yield from walk(each.get("components") or [], f"{at}.components")
        for name in ("accessory", "component"):
            if each.get(name):
                yield f"{at}.{name}", each[name]


def check(form: Form, top: list[Payload], *, modern: bool, names: list[str]) -> None:
    """Check a message's components; `names` are the files it has."""
    everything = list(walk(top))
    if modern:
        if len(everything) > MODERN_TOTAL:
            form.wrong("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The maximum is 40 components.")
        if sum(len(each.get("content") or "") for _, each in everything if each["type"] == TEXT) > MODERN_TEXT:
            form.wrong("components", "COMPONENT_TEXT_TOTAL_LENGTH_EXCEEDED", "Texts exceed 4000 characters in all.")
    else:
        form.count("components", top, 5)
    _nesting(form, top, "components", MODERN_TOP if modern else LEGACY_TOP)
    _unique(form, everything)
    for at, each in everything:
        _one(form, at, each, names)


def stored(top: list[Payload]) -> list[Payload]:
    """Return a copy as Discord keeps it: without nulls, with defaults, and with ids where none are, counting from 1."""
    top = [_without_nulls(each) for each in top]
    everything = [each for _, each in walk(top)]
    for each in everything:
        for name, value in DEFAULTS.get(each["type"], {}).items():
            each.setdefault(name, value)
    taken = {each["id"] for each in everything if each.get("id")}
    free = (candidate for candidate in range(1, 10_000) if candidate not in taken)
    for each in everything:
        if not each.get("id"):
            each["id"] = next(free)
    return top


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def check_modal(form: Form, modal: Payload) -> None:
    """Check a modal."""
    form.length("title", modal.get("title"), 45, 1)
    form.length("custom_id", modal.get("custom_id"), 100, 1)
    top: list[Payload] = modal.get("components") or []
    form.count("components", top, 5, 1)
    _nesting(form, top, "components", (ROW, LABEL, TEXT))
    everything = list(walk(top))
    _unique(form, everything)
    for at, each in everything:
        _one(form, at, each, [])


def _nesting(form: Form, components: list[Payload], path: str, allowed: tuple[int, ...]) -> None:
    for position, each in enumerate(components):
        at, kind = f"{path}.{position}", each["type"]
        if kind not in allowed:
            form.wrong(f"{at}.type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of {allowed}.')
        if kind == ROW:
            below = each.get("components") or []
            form.count(f"{at}.components", below, 1 if any(one["type"] != BUTTON for one in below) else 5, 1)
            inside = (INPUT, *SELECTS) if LABEL in allowed else (BUTTON, *SELECTS)
            _nesting(form, below, f"{at}.components", inside)
        elif kind == CONTAINER:
            form.count(f"{at}.components", each.get("components") or [], MODERN_TOTAL, 1)
            _nesting(form, each.get("components") or [], f"{at}.components", IN_CONTAINER)
        elif kind == SECTION:
            form.count(f"{at}.components", each.get("components") or [], 3, 1)
            _nesting(form, each.get("components") or [], f"{at}.components", (TEXT,))
            if (each.get("accessory") or {}).get("type") not in (BUTTON, THUMBNAIL):
                form.wrong(f"{at}.accessory", "BASE_TYPE_REQUIRED", "This field is required")
        elif kind == LABEL and (each.get("component") or {}).get("type") not in IN_LABEL:
            form.wrong(f"{at}.component", "BASE_TYPE_REQUIRED", "This field is required")


def _unique(form: Form, everything: list[tuple[str, Payload]]) -> None:
    seen: set[str] = set()
    for at, each in everything:
        custom_id = each.get("custom_id")
        if custom_id in seen:
            form.wrong(f"{at}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
        if custom_id:
            seen.add(custom_id)


def _one(form: Form, at: str, each: Payload, names: list[str]) -> None:
    kind = each["type"]
    if kind == BUTTON:
        _button(form, at, each)
    elif kind in (*SELECTS, INPUT, UPLOAD, RADIO, CHECKS, CHECK):
        form.length(f"{at}.custom_id", each.get("custom_id"), 100, 1)
        _field(form, at, each)
    elif kind == TEXT:
        form.length(f"{at}.content", each.get("content"), MODERN_TEXT, 1)
    elif kind == LABEL:
        form.length(f"{at}.label", each.get("label"), 45, 1)
        if each.get("description") is not None:
            form.length(f"{at}.description", each["description"], 100)
    elif kind == GALLERY:
        form.count(f"{at}.items", each.get("items") or [], 10, 1)
        for position, item in enumerate(each.get("items") or []):
            _media(form, f"{at}.items.{position}", item, "media", names)
    elif kind == THUMBNAIL:
        _media(form, at, each, "media", names)
    elif kind == FILE:
        _media(form, at, each, "file", names)


def _button(form: Form, at: str, each: Payload) -> None:
    style = each.get("style")
    if each.get("label") is not None:
        form.length(f"{at}.label", each["label"], 80)
    if style == 5:
        form.length(f"{at}.url", each.get("url"), 512, 1)
    elif style in (1, 2, 3, 4):
        form.length(f"{at}.custom_id", each.get("custom_id"), 100, 1)
    elif style != 6:
        form.wrong(f"{at}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}.")
    if style != 6 and not each.get("label") and not each.get("emoji"):
        form.wrong(at, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A button needs a label or an emoji.")


def _field(form: Form, at: str, each: Payload) -> None:
    kind = each["type"]
    if each.get("placeholder") is not None:
        form.length(f"{at}.placeholder", each["placeholder"], 100 if kind == INPUT else 150)
    if kind == INPUT:
        if each.get("value") is not None:
            form.length(f"{at}.value", each["value"], min(4000, each.get("max_length") or 4000))
        if each.get("label") is not None:
            form.length(f"{at}.label", each["label"], 45, 1)
    options = each.get("options") or []
    if kind in (SELECT, RADIO, CHECKS):
        most, fewest = (25, 1) if kind == SELECT else (10, 2 if kind == RADIO else 1)
        form.count(f"{at}.options", options, most, fewest)
    for position, option in enumerate(options):
        form.length(f"{at}.options.{position}.label", option.get("label"), 100, 1)
        form.length(f"{at}.options.{position}.value", option.get("value"), 100, 1)
        if option.get("description") is not None:
            form.length(f"{at}.options.{position}.description", option["description"], 100)
    if len({option.get("value") for option in options}) < len(options):
        form.wrong(f"{at}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is used")
    if kind == UPLOAD and not 0 <= (each.get("max_values") or 1) <= 10:
        form.wrong(f"{at}.max_values", "NUMBER_TYPE_MAX", "int value should be less than or equal to 10.")


def _media(form: Form, at: str, each: Payload, name: str, names: list[str]) -> None:
    url = str((each.get(name) or {}).get("url") or "")
    if each.get("description") is not None:
        form.length(f"{at}.description", each["description"], 1024)
    if url.startswith("attachment://"):
        if url.removeprefix("attachment://") not in names:
            form.wrong(f"{at}.{name}.url", "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", f"No file for {url}")
    elif not url.startswith(("http://", "https://")) or name == "file":
        form.wrong(f"{at}.{name}.url", "URL_TYPE_INVALID_SCHEME", 'Scheme must be one of ("attachment", "http").')
