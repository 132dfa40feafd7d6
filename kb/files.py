"""Files: their checksums, and having them on the disk before anybody relies on them."""

import hashlib
import os
import shutil
from pathlib import Path


def link(source: Path, target: Path) -> None:
    """Let a file stand in two folders; where the file system has no hard links, as a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        sync(target)


def sync(path: Path) -> None:
    """Have a file or a folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
