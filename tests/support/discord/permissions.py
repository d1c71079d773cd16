"""Permissions: their bits, and who may do what in which channel (docs: "Permissions")."""

from __future__ import annotations

BITS = {
    "administrator": 1 << 3,
    "manage_channels": 1 << 4,
    "manage_guild": 1 << 5,
    "add_reactions": 1 << 6,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_external_emojis": 1 << 18,
    "use_application_commands": 1 << 31,
    "send_messages_in_threads": 1 << 38,
    "use_external_apps": 1 << 50,
}
ALL = sum(BITS.values())
ORDINARY = (
    "add_reactions",
    "view_channel",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
    "use_application_commands",
    "send_messages_in_threads",
    "use_external_apps",
)
"""What everybody may do in a new guild."""


def bits(*names: str) -> int:
    """Return the number that stands for these permissions; names as in discord.py."""
    return sum(BITS[name] for name in set(names))


def has(value: int, name: str) -> bool:
    """Tell whether a number holds a permission."""
    return bool(value & BITS[name])


def effective(base: int, everyone: tuple[int, int], roles: tuple[int, int], member: tuple[int, int]) -> int:
    """Apply a channel's overwrites, each as (allow, deny), to what the roles give; order as documented."""
    if has(base, "administrator"):
        return ALL
    for allow, deny in (everyone, roles, member):
        base = (base & ~deny) | allow
    if not has(base, "view_channel"):
        return 0
    return base
