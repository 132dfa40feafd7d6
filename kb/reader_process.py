"""The process that `kb.isolation` reads a file in: request and file come in, a document or an error goes out."""

import json
import resource
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from kb import documents
from kb.errors import KnowledgeError

_MEMORY_BYTES = 2 * 1024**3


def _main() -> None:
    """Read a request and a file from standard input; write the document, or an error, to standard output."""
    asked = json.loads(sys.stdin.buffer.readline())
    _limit(asked["timeout_s"])
    data = sys.stdin.buffer.read()
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
    """Bound this process in memory and processor time, before it sees the file."""
    for limit, maximum in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, int(timeout_s) + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # some systems do not let it be lowered
            resource.setrlimit(limit, (maximum, maximum))


if __name__ == "__main__":
    _main()
