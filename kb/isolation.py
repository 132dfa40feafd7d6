"""Read a file in a process of its own, bounded in time and memory, so that a hostile one ends that process at worst."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable, KnowledgeError
from kb.readers.blocks import Document, Section

TIMEOUT_S = 60.0
MEMORY_BYTES = 2 * 1024**3

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
            [sys.executable, "-P", "-m", "kb.isolation"],
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


def _main() -> None:
    """Be the reader: the question on standard input, the document or the error on standard output."""
    asked = json.loads(sys.stdin.buffer.readline())
    _limit(asked["timeout_s"])
    data = sys.stdin.buffer.read()
    from kb import documents

    answer: dict[str, Any]
    try:
        answer = asdict(documents.parse(data, media_type=asked["media_type"], title=asked["title"]))
    except KnowledgeError as error:
        answer = {"error": type(error).__name__, "reason": str(error)}
    except MemoryError:
        answer = {"error": "DocumentTooLarge", "reason": "Reading the file takes more than 2 GiB of memory."}
    except Exception:  # noqa: BLE001 - whatever a library says of a damaged file
        answer = {"error": "DocumentUnreadable", "reason": "The file is damaged and cannot be read."}
    sys.stdout.write(json.dumps(answer))


def _limit(timeout_s: float) -> None:
    import resource

    for limit, maximum in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, int(timeout_s) + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # some systems do not let it be lowered
            resource.setrlimit(limit, (maximum, maximum))


if __name__ == "__main__":
    _main()
