"""Compile the message catalogues (.po → .mo) whenever the package is built or installed, editable or not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CATALOGUES = "bot/i18n/locales/*/LC_MESSAGES/easel.po"


class CustomBuildHook(BuildHookInterface[Any]):
    """Hatch calls this before it collects files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write a .mo beside every .po before the wheel, or the editable install, is made."""
        for source in sorted(Path(self.root).glob(CATALOGUES)):
            with source.open("rb") as file:
                catalogue = read_po(file)
            catalogue.creation_date = datetime.fromtimestamp(0, UTC)  # Babel's default, now, differs in every build
            with source.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalogue)
