"""Files of ``KEY=VALUE`` lines, read as Docker Compose reads an ``env_file``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.errors import SettingRefused

if TYPE_CHECKING:
    from pathlib import Path


def read_settings_file(file: Path) -> dict[str, str]:
    """Return the settings of a file; raises SettingRefused with file and line.

    Refused is what Compose would read differently from a plain reader: quotes around a value, ``$``, and
    ``#`` after a value.
    """
    settings: dict[str, str] = {}
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key, separator, value = line.partition("=")
        if not separator or key != key.strip() or not key:
            raise SettingRefused(f"{file}:{number}: {line!r}: allowed are lines like KEY=VALUE")
        if value[:1] in {"'", '"'} or "$" in value or " #" in value:
            raise SettingRefused(
                f"{file}:{number}: {value!r}: no quotes around a value, no $ and no comment after it"
            )
        if key in settings:
            raise SettingRefused(f"{file}:{number}: {key} is set twice")
        settings[key] = value
    return settings
