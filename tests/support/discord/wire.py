"""People, places and files in JSON as Discord writes it (docs, API v10). Messages: see visible.py."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.support.discord.clock import iso
from tests.support.discord.errors import Payload
from tests.support.discord.model import Attachment, Member, Role, User

if TYPE_CHECKING:
    from tests.support.discord.places import Channel, Guild

GUILD_NOTHING = (
    "icon",
    "description",
    "home_header",
    "splash",
    "discovery_splash",
    "banner",
    "application_id",
    "afk_channel_id",
    "widget_channel_id",
    "rules_channel_id",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
    "vanity_url_code",
    "system_channel_id",
    "max_presences",
)
GUILD_ZERO = (
    "system_channel_flags",
    "verification_level",
    "default_message_notifications",
    "mfa_level",
    "explicit_content_filter",
    "max_video_channel_users",
    "max_stage_video_channel_users",
    "nsfw_level",
    "premium_subscription_count",
    "premium_tier",
)


def user(each: User) -> Payload:
    """A user object."""
    return {
        "id": str(each.id),
        "username": each.name,
        "global_name": None if each.bot else each.name,
        "discriminator": "0",
        "avatar": None,
        "bot": each.bot,
        "public_flags": 0,
        "flags": 0,
        "accent_color": None,
        "banner": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
    }


def member(each: Member, *, with_user: bool = True) -> Payload:
    """A member object; message events carry it without the user."""
    found: Payload = {
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": [str(role.id) for role in each.roles],
        "joined_at": iso(each.joined),
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }
    return found | {"user": user(each.user)} if with_user else found


def role(each: Role, position: int = 0) -> Payload:
    """A role object."""
    return {
        "id": str(each.id),
        "name": each.name,
        "description": None,
        "permissions": str(each.permissions),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": each.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel(each: Channel) -> Payload:
    """A channel object of its kind."""
    last = max((key for key, message in each.everything.items() if not message.ephemeral_to), default=None)
    found: Payload = {"id": str(each.id), "type": each.type, "last_message_id": last and str(last), "flags": 0}
    if each.guild is None:
        assert each.recipient is not None
        return found | {"recipients": [user(each.recipient)]}
    found |= {"guild_id": str(each.guild.id), "name": each.name, "rate_limit_per_user": 0}
    if each.parent:
        at = iso(each.world.clock.now())
        return found | {
            "parent_id": str(each.parent.id),
            "owner_id": str(each.guild.owner.id),
            "message_count": len(each.everything),
            "member_count": 2,
            "total_message_sent": len(each.everything),
            "thread_metadata": {
                "archived": False,
                "archive_timestamp": at,
                "auto_archive_duration": 1440,
                "locked": False,
            },
        }
    overwrites = [
        {"id": str(key), "type": 0 if key in each.guild.roles else 1, "allow": str(allow), "deny": str(deny)}
        for key, (allow, deny) in each.overwrites.items()
    ]
    return found | {
        "position": list(each.guild.channels).index(each.id) if each.id in each.guild.channels else 0,
        "permission_overwrites": overwrites,
        "nsfw": each.nsfw,
        "topic": None,
        "parent_id": None,
    }


def guild(each: Guild) -> Payload:
    """A guild as GUILD_CREATE brings it: with channels and threads, of the members only the bot itself."""
    places = list(each.channels.values())
    return rest_guild(each) | {
        "joined_at": iso(each.members[each.world.application.bot.id].joined),
        "large": False,
        "unavailable": False,
        "member_count": len(each.members),
        "members": [member(each.members[each.world.application.bot.id])],
        "channels": [channel(place) for place in places if not place.parent],
        "threads": [channel(place) for place in places if place.parent],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def rest_guild(each: Guild) -> Payload:
    """A guild as REST answers it."""
    return {
        **dict.fromkeys(GUILD_NOTHING),
        **dict.fromkeys(GUILD_ZERO, 0),
        "id": str(each.id),
        "name": each.name,
        "owner_id": str(each.owner.id),
        "roles": [role(one, position) for position, one in enumerate(each.roles.values())],
        "emojis": [],
        "stickers": [],
        "features": [],
        "region": "deprecated",
        "afk_timeout": 300,
        "widget_enabled": False,
        "preferred_locale": each.locale,
        "max_members": 500_000,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
    }


def attachment(each: Attachment, root: str, signature: str) -> Payload:
    """An attachment object, with links signed at this moment."""
    path = f"attachments/{each.channel_id}/{each.id}/{quote(each.filename)}?{signature}"
    found: Payload = {
        "id": str(each.id),
        "filename": each.filename,
        "size": len(each.data),
        "url": f"{root}/{'ephemeral-' if each.ephemeral else ''}{path}",
        "proxy_url": f"{root}/proxy/{path}",
        "flags": 0,
    }
    if each.content_type:
        found["content_type"] = each.content_type
    if each.size and (each.content_type or "").startswith("image/"):
        found["width"], found["height"] = each.size
    if each.description:
        found["description"] = each.description
    if each.ephemeral:
        found["ephemeral"] = True
    return found
