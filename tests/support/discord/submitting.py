"""Fills in a modal as a person's client does, and writes what it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tests.support.discord.commands import Refused
from tests.support.discord.errors import Payload
from tests.support.discord.model import Attachment

if TYPE_CHECKING:
    from tests.support.discord.interactions import Modal

ROW, INPUT, TEXT, LABEL, UPLOAD, RADIO, CHECK = 1, 4, 10, 18, 19, 21, 23
Store = Callable[[object], Attachment]


def filled(modal: Modal, fields: dict[str, object], store: Store) -> Payload:
    """Return the data of the submit; fields left out keep their values. Raises Refused."""
    values = {_find(modal, name): value for name, value in fields.items()}
    attachments: dict[str, Payload] = {}
    components: list[Payload] = []
    for part in modal.payload["components"]:
        kept = {"type": part["type"], "id": part["id"]}
        if part["type"] == ROW:
            kept["components"] = [_field(each, values, attachments, store, modal) for each in part["components"]]
        elif part["type"] == LABEL:
            kept["component"] = _field(part["component"], values, attachments, store, modal)
        components.append(kept)
    data: Payload = {"custom_id": modal.payload["custom_id"], "components": components}
    return data | {"resolved": {"attachments": attachments}} if attachments else data


def _find(modal: Modal, name: str) -> str:
    """Return the custom_id of the field meant by a custom_id, its last part, or the label above it."""
    labels = {part["label"]: part["component"] for part in modal.payload["components"] if part["type"] == LABEL}
    rows = [part["components"] for part in modal.payload["components"] if part["type"] == ROW]
    labels |= {each.get("label"): each for row in rows for each in row}
    for custom_id in modal.fields:
        if name == custom_id or name == custom_id.replace(":", ".").rpartition(".")[2]:
            return custom_id
    for words, component in labels.items():
        if str(words).casefold() == name.replace("_", " ").casefold():
            return str(component["custom_id"])
    raise Refused(f"the form has no field {name!r}; it has {sorted(modal.fields)} labelled {sorted(labels)}")


def _field(
    part: Payload, values: dict[str, object], attachments: dict[str, Payload], store: Store, modal: Modal
) -> Payload:
    custom_id, kind = part["custom_id"], part["type"]
    sent: Payload = {"type": kind, "id": part["id"], "custom_id": custom_id}
    given = values.get(custom_id)
    if kind == INPUT:
        text = str(given) if given is not None else part.get("value") or ""
        _length(part, text)
        return sent | {"value": text}
    if kind == CHECK:
        return sent | {"value": bool(given) if given is not None else bool(part.get("default"))}
    if kind == RADIO:
        chosen = _chosen(part, given)
        return sent | {"value": chosen[0] if chosen else None}
    if kind == UPLOAD:
        files = given if isinstance(given, list) else [given] if given is not None else []
        _count(part, len(files), 1)
        stored = [store(each) for each in files]
        cdn = modal.opened_by.world.cdn
        attachments |= {str(each.id): cdn.attachment(each) for each in stored}
        return sent | {"values": [str(each.id) for each in stored]}
    chosen = _chosen(part, given)
    _count(part, len(chosen), 1)
    return sent | {"values": chosen}


def _chosen(part: Payload, given: object) -> list[str]:
    options: list[Payload] = part.get("options") or []
    if given is None:
        return [each["value"] for each in options if each.get("default")]
    wanted: Iterable[object] = given if isinstance(given, (list, tuple)) else [given]
    if not options:  # users, roles, channels: by id
        return [str(each) for each in wanted]
    found: list[str] = []
    for each in wanted:
        option = next((one for one in options if each in (one["value"], one["label"])), None)
        if option is None:
            raise Refused(f"{part['custom_id']!r} has no option {each!r}: {options}")
        found.append(option["value"])
    return found


def _length(part: Payload, text: str) -> None:
    needed = part.get("required", True) is not False
    low = part.get("min_length") or (1 if needed else 0)
    high = part.get("max_length") or 4000
    if (text or needed) and not low <= len(text) <= high:
        raise Refused(f"{part['custom_id']!r} takes {low} to {high} characters, not {len(text)}")


def _count(part: Payload, number: int, usual: int) -> None:
    needed = part.get("required", True) is not False
    low, high = part.get("min_values"), part.get("max_values")
    low = usual if low is None else low
    if (number or needed) and not low <= number <= (high or usual):
        raise Refused(f"{part['custom_id']!r} takes {low} to {high or usual}, not {number}")
