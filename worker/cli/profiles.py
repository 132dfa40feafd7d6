"""Profiles: servers and their keys, kept in a file that only its user may read."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from worker.cli.base import Failure

DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A server and the key to it."""

    url: str
    key: str


def profiles_file() -> Path:
    """Return where profiles are kept: in the user's folder for configuration."""
    return Path(click.get_app_dir("answerback")) / "profiles.json"


def read_profiles() -> dict[str, Profile]:
    """Return the profiles by name.

    Raises:
        Failure: the file cannot be read.
    """
    path = profiles_file()
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {name: Profile(url=str(profile["url"]), key=str(profile["key"])) for name, profile in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Failure(f"{path} cannot be read ({error}): mend it, or delete it and log in again.") from None


def write_profiles(profiles: Mapping[str, Profile]) -> None:
    """Replace the profiles: the file is never readable by others, nor half written.

    Raises:
        Failure: the file cannot be written.
    """
    path = profiles_file()
    text = json.dumps({name: {"url": profile.url, "key": profile.key} for name, profile in profiles.items()}, indent=2)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text + "\n")
        new.replace(path)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from None
