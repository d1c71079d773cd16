"""What a page that opens has to know: its words, what can be drawn, and the commands."""

from __future__ import annotations

from typing import Any

from adapters.commands.parsing import usage
from adapters.commands.table import COMMANDS, leaves
from adapters.local import words
from adapters.local.convert import PLACE
from adapters.local.uploads import MAX_FILE_MB, MAX_FILES
from bot.app import Easel
from bot.types import Person


async def session(easel: Easel, person: Person) -> dict[str, Any]:
    """Return it in the person's language."""
    language = await easel.language(person, PLACE)
    effective = await easel.settings.effective(person, PLACE)
    return {
        "language": language,
        "words": {name: easel.catalogues.translate(language, text) for name, text in words.PAGE.items()},
        "examples": [easel.catalogues.translate(language, text) for text in words.EXAMPLES],
        "engines": [
            {"id": id_, "edit": can.edit, "mask": can.mask}
            for id_, can in ((id_, easel.engines.get(id_).capabilities()) for id_ in easel.engines)
        ],
        "defaults": {"size": effective.size, "count": effective.count},
        "max_count": easel.config.limits.max_count,
        "max_files": MAX_FILES,
        "max_file_mb": MAX_FILE_MB,
        "commands": [
            {
                "name": " ".join(path),
                "usage": usage(path, "/"),
                "description": easel.say(language, leaf.description),
            }
            for command in COMMANDS.values()
            for path, leaf in leaves(command)
        ],
    }
