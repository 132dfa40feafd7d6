"""Where the key of this installation is kept; a module of its own, which loads nothing, so that commands start fast."""

from pathlib import Path

from worker.settings import Settings


def key_file(settings: Settings) -> Path:
    """Where a key that was made is kept."""
    return settings.home.absolute() / "api-key"
