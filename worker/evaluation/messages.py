"""Measure how messages are read: what is cut, what subject and body say together, and what is automatic mail.

A set is a folder with any of `reading.SPLIT.jsonl`, `subjects.SPLIT.jsonl` and `automatic.SPLIT.jsonl`, a message per
line; tests/data/messages/README.md describes the format.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kb.quality import read_rows
from worker.evaluation.measures import Measure
from worker.reading.automatic import Envelope, detect
from worker.reading.message import read
from worker.reading.parts import PartKind

_SETS = ("reading", "subjects", "automatic")


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How one message was cut, in characters without white space: lost, of those written; kept, of those quoted."""

    written: int
    lost: int
    quoted: int
    kept: int
    exact: bool


def measures(folder: Path) -> dict[str, Measure]:
    """Return the measures of a folder's messages, by split.

    Raises:
        LabelsUnreadable: a line is not as the README of the format says.
    """
    found: dict[str, dict[str, float]] = {}
    lower = set()
    for split, row in _rows(folder, "reading"):
        cut = measure(row["content"], {part["kind"]: part["text"] for part in _by_kind(row["parts"])})
        found.setdefault(f"messages {split}: read exactly", {})[row["id"]] = float(cut.exact)
        name = f"messages {split}: characters of the customer lost"
        found.setdefault(name, {})[row["id"]] = cut.lost / max(1, cut.written)
        lower.add(name)
        if cut.quoted:
            name = f"messages {split}: characters of quotes kept"
            found.setdefault(name, {})[row["id"]] = cut.kept / cut.quoted
            lower.add(name)
    for split, row in _rows(folder, "subjects"):
        said = read(row["content"], subject=row["subject"]).written
        found.setdefault(f"messages {split}: subject and body read together", {})[row["id"]] = float(
            said == row["written"]
        )
    for split, row in _rows(folder, "automatic"):
        envelope = Envelope(subject=row.get("subject"), sender=row.get("sender"), headers=row.get("headers"))
        detected = detect(read(row["content"]), envelope) is not None
        if row["automatic"]:
            found.setdefault(f"messages {split}: automatic mail told", {})[row["id"]] = float(detected)
        else:
            found.setdefault(f"messages {split}: people not taken for machines", {})[row["id"]] = float(not detected)
    return {name: Measure(items=items, better="lower" if name in lower else "higher") for name, items in found.items()}


def measure(content: str, parts: Mapping[str, str]) -> Cut:
    """Read a message and compare with its labelled parts, the text of each kind by name, line by line."""
    own, quoted = _lines(parts.get(PartKind.WRITTEN, "")), _lines(parts.get(PartKind.QUOTED, ""))
    got = _lines(read(content).written)
    return Cut(
        written=_characters(own),
        lost=_characters(own - got),
        quoted=_characters(quoted),
        kept=_characters((got - own) & quoted),
        exact=got == own,
    )


def _by_kind(parts: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    for kind in {part["kind"] for part in parts}:
        yield {"kind": kind, "text": "\n".join(part["text"] for part in parts if part["kind"] == kind)}


def _rows(folder: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in _files(folder, name):
        for row in read_rows(path, partial(_complete, name)):
            yield path.name.split(".")[1], row


def _complete(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return the row if it has the fields that its set needs; raises KeyError otherwise."""
    needed = {"reading": ("parts",), "subjects": ("subject", "written"), "automatic": ("automatic",)}[name]
    for field in ("id", "content", *needed):
        row[field]
    return row


def _files(folder: Path, name: str) -> list[Path]:
    return sorted(folder.glob(f"{name}.*.jsonl"))


def _lines(text: str) -> Counter[str]:
    return Counter("".join(line.split()) for line in text.splitlines() if line.strip())


def _characters(lines: Counter[str]) -> int:
    return sum(len(line) * count for line, count in lines.items())
