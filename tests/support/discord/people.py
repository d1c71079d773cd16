"""People: what they do on Discord, readable as a story. Their client checks what a real one checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.discord import commands, visible, wire
from tests.support.discord.accounts import Account, upload
from tests.support.discord.commands import ATTACHMENT, MESSAGE_MENU, USER_MENU, Refused
from tests.support.discord.errors import Payload
from tests.support.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction, Modal
from tests.support.discord.model import Message, Role, Upload, User, label
from tests.support.discord.places import Channel
from tests.support.discord.submitting import filled

if TYPE_CHECKING:
    from tests.support.discord.world import World

GUILD, DM = 0, 1


class Person(Account):
    """A person, who also uses apps. Their client checks what a real one checks: it raises Refused."""

    def __init__(self, id: int, name: str, *, world: World, locale: str, bot: bool = False) -> None:
        super().__init__(id, name, world=world, bot=bot)
        self.locale = locale
        self.upload_limit = 10 << 20
        """Bytes per file this person may send anywhere, as Nitro gives."""

    def dm(self) -> Channel:
        """Return the direct messages with the bot."""
        return self.world.dm(self)

    def close_dms(self) -> None:
        """Take no direct messages of the bot's any more."""
        self.world.closed_dms.add(self.id)

    async def slash(self, channel: Channel, name: str, /, **options: object) -> Interaction:
        """Send a slash command; `name` with its subcommands ("engine list"), files as options like `says` takes."""
        words = name.split()
        command = self.world.application.commands.find(words[0])
        self._sees_command(command, channel)
        inner, path = commands.descend(command, words[1:])
        given = {key: upload(value) if _is_file(value) else value for key, value in options.items()}
        data, resolved = self._filled(channel, inner, given, complete=True)
        return self._interact(COMMAND, channel, _command_data(command, path, data, resolved))

    async def autocompletes(
        self, channel: Channel, name: str, focused: str, typed: str, /, **options: object
    ) -> list[Payload]:
        """Type into an option and return the choices offered, each with `name` and `value`."""
        interaction = await self.types(channel, name, focused, typed, **options)
        await interaction.acknowledged()
        return interaction.choices or []

    async def types(self, channel: Channel, name: str, focused: str, typed: str, /, **options: object) -> Interaction:
        """Type into an option that offers choices."""
        words = name.split()
        command = self.world.application.commands.find(words[0])
        self._sees_command(command, channel)
        inner, path = commands.descend(command, words[1:])
        option = next((each for each in inner.get("options") or [] if each["name"] == focused), None)
        if not (option and option.get("autocomplete")):
            raise Refused(f"option {focused!r} of {name!r} offers no autocomplete")
        data, resolved = self._filled(channel, inner, {**options, focused: typed}, complete=False)
        for each in data:
            if each["name"] == focused:
                each["focused"] = True
        return self._interact(AUTOCOMPLETE, channel, _command_data(command, path, data, resolved))

    async def menu(self, target: Message | Person, name: str, *, channel: Channel | None = None) -> Interaction:
        """Choose a command from the menu ("Apps") of a message, or of a person met in a channel."""
        data: Payload = {"target_id": str(target.id)}
        if isinstance(target, Message):
            kind, channel = MESSAGE_MENU, target.channel
            data["resolved"] = {"messages": {str(target.id): visible.message(target, whole=True)}}
        else:
            kind = USER_MENU
            assert channel is not None
            data["resolved"] = {}
            self._resolve(target, channel, data["resolved"])
        command = self.world.application.commands.find(name, kind)
        self._sees_command(command, channel)
        data |= {"id": command["id"], "name": name, "type": kind}
        return self._interact(COMMAND, channel, data, command_type=kind)

    async def presses(self, message: Message, button: str) -> Interaction:
        """Press a button, named by its custom_id or by (a part of) its words."""
        found = self._component(message, button, (2,))
        if "custom_id" not in found:
            raise Refused(f"{button!r} is a link")
        return self._use(message, found, {})

    async def chooses(self, message: Message, select: str, *values: str) -> Interaction:
        """Choose from a string select, named by its custom_id or placeholder; values or labels of options."""
        found = self._component(message, select, (3,))
        chosen: list[str] = []
        for wanted in values:
            option = next((each for each in found["options"] if wanted in (each["value"], each["label"])), None)
            if option is None:
                raise Refused(f"{select!r} has no option {wanted!r}: {found['options']}")
            chosen.append(option["value"])
        low, high = found.get("min_values"), found.get("max_values")
        if not (1 if low is None else low) <= len(chosen) <= (1 if high is None else high):
            raise Refused(f"{select!r} takes from {low} to {high} options")
        return self._use(message, found, {"values": chosen})

    async def submits(self, opened: Modal | Interaction, /, **fields: object) -> Interaction:
        """Fill in a modal and send it; fields by custom_id, by label, or by the last part of a custom_id."""
        modal = await opened.modal() if isinstance(opened, Interaction) else opened
        by = modal.opened_by
        data = filled(modal, fields, lambda file: self.world.cdn_upload(by.channel, upload(file)))
        message = by.message if by.kind == COMPONENT else None
        interaction = Interaction(self.world, MODAL, self, by.channel, data, message=message)
        interaction.triggered_by = by
        return self._send(interaction)

    def _use(self, message: Message, component: Payload, more: Payload) -> Interaction:
        if component.get("disabled"):
            raise Refused(f"{label(component)!r} is disabled")
        data = {"custom_id": component["custom_id"], "component_type": component["type"], "id": component["id"], **more}
        return self._interact(COMPONENT, message.channel, data, message=message)

    def _component(self, message: Message, name: str, kinds: tuple[int, ...]) -> Payload:
        if message.deleted or (message.ephemeral_to and message.ephemeral_to is not self):
            raise Refused(f"{self.name} does not see {message}")
        candidates = [each for each in message.buttons if each["type"] in kinds]
        for exact in (True, False):
            for each in candidates:
                words = label(each) or each.get("placeholder") or ""
                if name in (each.get("custom_id"), words) or (not exact and name in words):
                    return each
        raise Refused(f"there is nothing called {name!r}, but {[(label(e), e.get('custom_id')) for e in candidates]}")

    def _interact(
        self, kind: int, channel: Channel, data: Payload, *, message: Message | None = None, command_type: int = 1
    ) -> Interaction:
        return self._send(
            Interaction(self.world, kind, self, channel, data, message=message, command_type=command_type)
        )

    def _send(self, interaction: Interaction) -> Interaction:
        self.world.gateway.interact(interaction.channel.guild, interaction.event())
        return interaction

    def _filled(
        self, channel: Channel, command: Payload, values: dict[str, object], *, complete: bool
    ) -> tuple[list[Payload], Payload]:
        found = commands.check_options(command, values, complete=complete)
        data: list[Payload] = []
        resolved: Payload = {}
        for option in found:
            value = values[option["name"]]
            if option["type"] == ATTACHMENT:
                assert isinstance(value, Upload)
                stored = self.world.cdn_upload(channel, value)
                resolved.setdefault("attachments", {})[str(stored.id)] = self.world.cdn.attachment(stored)
                value = str(stored.id)
            elif not isinstance(value, (str, int, float, bool)):
                value = self._resolve(value, channel, resolved)
            data.append({"name": option["name"], "type": option["type"], "value": value})
        return data, resolved

    def _resolve(self, value: object, channel: Channel, resolved: Payload) -> str:
        """Put a user, role or channel into `resolved`; return its id."""
        if isinstance(value, User):
            resolved.setdefault("users", {})[str(value.id)] = wire.user(value)
            member = channel.guild.members.get(value.id) if channel.guild else None
            if member:
                allowed = {"permissions": str(channel.permissions(value))}
                resolved.setdefault("members", {})[str(value.id)] = wire.member(member, with_user=False) | allowed
            return str(value.id)
        if isinstance(value, Role):
            resolved.setdefault("roles", {})[str(value.id)] = wire.role(value)
            return str(value.id)
        assert isinstance(value, Channel), value
        allowed = {"permissions": str(value.permissions(self))}
        resolved.setdefault("channels", {})[str(value.id)] = wire.channel(value) | allowed
        return str(value.id)

    def _sees_command(self, command: Payload, channel: Channel) -> None:
        """Check that the command is offered here."""
        self._needs(channel, "use_application_commands")
        contexts = command.get("contexts")
        here = DM if channel.guild is None else GUILD
        if contexts is not None and here not in contexts:
            raise Refused(f"{command['name']!r} is not offered in {channel}")
        if channel.guild and not channel.guild.installed and 1 not in (command.get("integration_types") or [0]):
            raise Refused(f"{command['name']!r} cannot be installed by a person")
        wanted = command.get("default_member_permissions")
        if channel.guild and wanted is not None and command["name"] not in channel.guild.overridden:
            mine = channel.permissions(self)
            if mine & int(wanted) != int(wanted) or not int(wanted):
                raise Refused(f"{self.name} is not offered {command['name']!r}")


def _is_file(value: object) -> bool:
    return isinstance(value, (bytes, tuple))


def _command_data(command: Payload, path: list[Payload], options: list[Payload], resolved: Payload) -> Payload:
    for each in reversed(path):
        options = [{"name": each["name"], "type": each["type"], "options": options}]
    data: Payload = {"id": command["id"], "name": command["name"], "type": command["type"], "options": options}
    return data | {"resolved": resolved} if resolved else data
