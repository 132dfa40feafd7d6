"""Read a file in a process of its own, bounded in time and memory: a hostile one ends that process at worst."""

import json
import os
import subprocess
import sys
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable, KnowledgeError
from kb.readers.blocks import Document, Section

TIMEOUT_S = 60.0

#: Environment variables that the reader inherits: the path to its code, no secrets.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "TMPDIR", "HOME", "TESSDATA_PREFIX")

_ERRORS: dict[str, type[KnowledgeError]] = {error.__name__: error for error in (DocumentTooLarge, DocumentUnreadable)}


def read(data: bytes, *, media_type: str, title: str, timeout_s: float = TIMEOUT_S) -> Document:
    """Return the document that `kb.documents.parse` reads from a file, in another process.

    Raises:
        DocumentUnreadable: it cannot be read, or reading it takes over `timeout_s` or 2 GiB, or ends the reader.
        DocumentTooLarge: it holds too much.
    """
    asked = json.dumps({"media_type": media_type, "title": title, "timeout_s": timeout_s}).encode() + b"\n"
    known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # The reader starts where this process did not, so an entry of the path that means "here" would mislead it.
    known["PYTHONPATH"] = os.pathsep.join(
        os.path.abspath(folder) for folder in sys.path if os.path.isdir(folder or ".")
    )
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "kb.reader_process"],
            input=asked + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=known,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DocumentUnreadable(f"Reading the file took more than {timeout_s:.0f} s.") from None
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise DocumentUnreadable("Reading the file ended the reader: it is damaged, or made to do harm.") from None
    if "error" in found:
        raise _ERRORS.get(found["error"], DocumentUnreadable)(found["reason"])
    sections = tuple(Section(**{**each, "headings": tuple(each["headings"])}) for each in found.pop("sections"))
    return Document(**found, sections=sections)
