"""Measure what is handed off at once, on a folder's labelled messages.

escalation.SPLIT.jsonl   {label, language, text, after?}; `label` is a category or `none`
conversations.json       turns by name, customer first, for messages that come `after` them
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kb.quality import LabelsUnreadable
from worker.answering.triage import escalation
from worker.answering.triage.example_classifier import HARMLESS
from worker.answering.triage.recogniser import Recognise
from worker.conversations.sessions import Turn
from worker.evaluation.measures import Measure
from worker.states import Role


def measures(folder: Path, recognise: Recognise) -> dict[str, Measure]:
    """Return, by split, how many messages of each category are handed off as such, and how many others are not.

    Raises:
        LabelsUnreadable: a line is not as described above.
    """
    found: dict[str, dict[str, float]] = {}
    for split, row in _rows(folder):
        alarm = escalation.assess(row["text"], row["turns"], recognise)
        category = alarm.category if alarm is not None else HARMLESS
        label, id = row["label"], _named(row["text"])
        if label == HARMLESS:
            found.setdefault(f"escalation {split}: harmless messages not handed off", {})[id] = float(alarm is None)
        else:
            found.setdefault(f"escalation {split}: recall of {label}", {})[id] = float(category == label)
            found.setdefault(f"escalation {split}: recall", {})[id] = float(category == label)
        if alarm is not None:
            found.setdefault(f"escalation {split}: precision", {})[id] = float(category == label)
    return {name: Measure(items=items) for name, items in found.items()}


def _named(text: str) -> str:
    return f"{text[:40]} {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def of_rows(rows: Sequence[Sequence[str]], recognise: Recognise) -> dict[str, Measure]:
    """Return the sensitivity and the specificity on rows of a category, or `none`, and a message."""
    hits: dict[str, float] = {}
    alarms: dict[str, float] = {}
    for label, text in rows:
        alarm = escalation.assess(text, recognise=recognise)
        found = alarm.category if alarm is not None else HARMLESS
        digest = hashlib.sha256(f"{label}\n{text}".encode()).hexdigest()[:12]
        (alarms if label == HARMLESS else hits)[f"{text[:40]} {digest}"] = float(found == label)
    return {"escalation: sensitivity": Measure(items=hits), "escalation: specificity": Measure(items=alarms)}


def _rows(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the split and the content of each line, with the turns before it."""
    path = folder / "conversations.json"
    conversations: Mapping[str, list[str]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for file in sorted(folder.glob("escalation.*.jsonl")):
        split = file.name.split(".")[1]
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                turns = _turns(conversations[row["after"]]) if row.get("after") else []
                yield split, {"label": str(row["label"]), "text": str(row["text"]), "turns": turns}
            except (ValueError, TypeError, KeyError) as error:
                raise LabelsUnreadable(f"{file.name}, line {number}: {error!r}") from None


def _turns(contents: list[str]) -> list[Turn]:
    roles = (Role.CUSTOMER, Role.ASSISTANT)
    return [Turn(seq=n, role=roles[n % 2], content=content) for n, content in enumerate(contents)]
