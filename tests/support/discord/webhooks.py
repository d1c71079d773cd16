"""Routes for interactions: the first response, and the webhook behind the token."""

from __future__ import annotations

from aiohttp import web

from tests.support.discord import components, messages, visible
from tests.support.discord.channels import apply_edit
from tests.support.discord.errors import (
    ALREADY_ACKNOWLEDGED,
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_WEBHOOK,
    ApiError,
    Form,
    Payload,
    wrong_form,
)
from tests.support.discord.forms import Body
from tests.support.discord.interactions import (
    APP_FOLLOWUPS,
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    Interaction,
    Modal,
)
from tests.support.discord.login import Route
from tests.support.discord.model import COMPONENTS_V2, EPHEMERAL, LOADING, SILENT, SUPPRESS_EMBEDS, Message
from tests.support.discord.world import World

MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, OPEN_MODAL = 4, 5, 6, 7, 8, 9
ALLOWED = {
    COMMAND: (MESSAGE, DEFER, OPEN_MODAL),
    COMPONENT: (MESSAGE, DEFER, DEFER_UPDATE, UPDATE, OPEN_MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL: (MESSAGE, DEFER, DEFER_UPDATE, UPDATE),
}
SETTABLE = EPHEMERAL | SUPPRESS_EMBEDS | SILENT | COMPONENTS_V2


class WebhookRoutes:
    """Answers them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._bot = world.application.bot

    def routes(self) -> list[Route]:
        """Return method, path and handler."""
        hook = "/webhooks/{webhook_id}/{webhook_token}"
        return [
            ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", self._callback),
            ("POST", hook, self._followup),
            *(("GET", f"{hook}/messages/{each}", self._get) for each in ("@original", "{message_id}")),
            *(("PATCH", f"{hook}/messages/{each}", self._edit) for each in ("@original", "{message_id}")),
            *(("DELETE", f"{hook}/messages/{each}", self._delete) for each in ("@original", "{message_id}")),
        ]

    # ── the first response ──────────────────────────────────────────────────────────────────────────────────────

    async def _callback(self, request: web.Request, body: Body) -> Payload | None:
        """Take the first response. Its time counts now, when the whole body has arrived."""
        found = self._world.interactions.get(request.match_info["interaction_token"])
        if found is None or str(found.id) != request.match_info["interaction_id"]:
            raise ApiError(*UNKNOWN_INTERACTION)
        if found.response_type is not None:
            raise ApiError(*ALREADY_ACKNOWLEDGED)
        if found.late:
            raise ApiError(*UNKNOWN_INTERACTION)
        kind, data = body.form.get("type"), dict(body.form.get("data") or {})
        if kind not in ALLOWED[found.kind] or (kind in (DEFER_UPDATE, UPDATE) and not found.message):
            raise wrong_form("type", "INTERACTION_RESPONSE_TYPE_INVALID", "Not allowed for this interaction")
        message = self._respond(found, kind, data, body)
        if request.query.get("with_response", "").lower() not in ("1", "true"):
            return None
        return self._response(found, kind, message)

    def _respond(self, interaction: Interaction, kind: int, data: Payload, body: Body) -> Message | None:
        """Do what the response says; only what is right acknowledges."""
        if kind == CHOICES:
            interaction.choices = _choices(data)
        elif kind == OPEN_MODAL:
            form = Form("data")
            components.check_modal(form, data)
            form.check()
            data["components"] = components.stored(data["components"])
            interaction.opened = Modal(data, interaction)
        elif kind == DEFER_UPDATE:
            interaction.original = interaction.message
        elif kind == UPDATE:
            assert interaction.message is not None
            checked = self._check(interaction, data, body, edited=interaction.message, path="data")
            interaction.original = interaction.message
            interaction.acknowledge(kind)
            apply_edit(self._world, interaction.message, checked)
            return interaction.message
        else:
            loading = kind == DEFER
            if loading:
                data = {"flags": (data.get("flags") or 0) & EPHEMERAL | LOADING}
                checked = messages.Checked(data, [], None)
            else:
                checked = self._check(interaction, data, body, path="data")
                data["flags"] = (data.get("flags") or 0) & SETTABLE
            interaction.acknowledge(kind)
            interaction.original = self._post(interaction, checked)
            return interaction.original
        interaction.acknowledge(kind)
        return None

    def _response(self, interaction: Interaction, kind: int, message: Message | None) -> Payload:
        about: Payload = {"id": str(interaction.id), "type": interaction.kind}
        if message is not None:
            about |= {
                "response_message_id": str(message.id),
                "response_message_loading": message.loading,
                "response_message_ephemeral": message.ephemeral_to is not None,
            }
            if kind in (MESSAGE, UPDATE):  # of a defer only the id is told
                return {
                    "interaction": about,
                    "resource": {"type": kind, "message": visible.message(message, whole=True)},
                }
        return {"interaction": about}

    def _check(
        self, interaction: Interaction, data: Payload, body: Body, *, edited: Message | None = None, path: str = ""
    ) -> messages.Checked:
        return messages.check(body, data, interaction.channel, edited=edited, path=path, most=interaction.upload_limit)

    def _post(self, interaction: Interaction, checked: messages.Checked) -> Message:
        ephemeral = bool((checked.payload.get("flags") or 0) & EPHEMERAL)
        message = self._world.post(
            interaction.channel,
            self._bot,
            checked.payload,
            self._world.upload(interaction.channel, checked.uploads, ephemeral=ephemeral),
            interaction=interaction,
            reference=interaction.message if interaction.kind == COMPONENT else None,
            ephemeral_to=interaction.person if ephemeral else None,
        )
        interaction.answers.append(message)
        self._world.changes.tell()
        return message

    # ── the webhook ─────────────────────────────────────────────────────────────────────────────────────────────

    def _hook(self, request: web.Request) -> Interaction:
        if request.match_info["webhook_id"] != str(self._world.application.id):
            raise ApiError(*UNKNOWN_WEBHOOK)
        found = self._world.interactions.get(request.match_info["webhook_token"])
        if found is None:
            raise ApiError(*INVALID_WEBHOOK_TOKEN)
        found.check_token()
        return found

    def _target(self, request: web.Request) -> tuple[Interaction, Message]:
        found = self._hook(request)
        return found, found.find(request.match_info.get("message_id", "@original"))

    async def _followup(self, request: web.Request, body: Body) -> Payload | None:
        """Post another message; the first one after a defer fills in the "thinking" one instead."""
        interaction = self._hook(request)
        payload = dict(body.form)
        original = interaction.original
        if original and original.loading and not original.deleted:
            checked = self._check(interaction, payload, body, edited=original)
            apply_edit(self._world, original, checked)
            message = original
        else:
            checked = self._check(interaction, payload, body)
            if not interaction.installed and interaction.followups >= APP_FOLLOWUPS:
                raise ApiError(400, 40094, "Maximum number of follow-up messages reached")
            payload["flags"] = (payload.get("flags") or 0) & SETTABLE
            message = self._post(interaction, checked)
        if request.query.get("wait", "").lower() not in ("1", "true"):
            return None
        return visible.message(message, whole=True)

    async def _get(self, request: web.Request, body: Body) -> Payload:
        return visible.message(self._target(request)[1], whole=True)

    async def _edit(self, request: web.Request, body: Body) -> Payload:
        interaction, message = self._target(request)
        checked = self._check(interaction, dict(body.form), body, edited=message)
        apply_edit(self._world, message, checked)
        return visible.message(message, whole=True)

    async def _delete(self, request: web.Request, body: Body) -> None:
        self._world.delete(self._target(request)[1])


def _choices(data: Payload) -> list[Payload]:
    choices: list[Payload] = data.get("choices") or []
    form = Form("data")
    form.count("choices", choices, 25)
    for position, each in enumerate(choices):
        form.length(f"choices.{position}.name", each.get("name"), 100, 1)
        if isinstance(each.get("value"), str):
            form.length(f"choices.{position}.value", each["value"], 100, 1)
    form.check()
    return choices
