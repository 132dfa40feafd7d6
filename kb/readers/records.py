"""JSON, JSON Lines and YAML: records of questions and answers, and any others as lines of names and values."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers.blocks import Block, paragraphs
from kb.readers.html import read_html
from kb.readers.tables import ANSWER_COLUMNS, QUESTION_COLUMNS
from kb.sentences import CELL_SEPARATOR

_MAX_RECORDS = 20_000
_MAX_DEPTH = 20

#: Where a record of another form has its answer: (name of the part, name of the text in it), as schema.org's Question.
_ANSWERS = (("acceptedAnswer", "text"), ("suggestedAnswer", "text"), ("answer", "text"), ("answer", "body"))
_QUESTIONS = QUESTION_COLUMNS | {"name", "heading", "summary"}


def read_json(text: str) -> Iterator[Block]:
    """Yield the records of a JSON file.

    Raises:
        DocumentUnreadable: it is no JSON, or nested too deeply.
        DocumentTooLarge: it has over 20,000 records.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentUnreadable(f"The JSON cannot be read: {error}.") from None
    yield from _records(value, Counter())


def read_json_lines(text: str) -> Iterator[Block]:
    """Yield the records of a file with a JSON value on each line; lines that are none are left out and counted.

    Raises:
        DocumentUnreadable: no line is JSON.
        DocumentTooLarge: it has over 20,000 lines.
    """
    values, unread = [], 0
    for line in text.split("\n"):
        try:
            values += [json.loads(line)] if line.strip() else []
        except (ValueError, RecursionError):
            unread += 1
    if not values:
        raise DocumentUnreadable("No line of the file is JSON.")
    yield from _records(values, Counter())
    yield "left_out", unread, "unread_parts", ""


def read_yaml(text: str) -> Iterator[Block]:
    """Yield the records of a YAML file, all of its documents; values stay as they are written, tags make nothing.

    Raises:
        DocumentUnreadable: it is no YAML, or refers to its own parts over and over.
        DocumentTooLarge: it has over 20,000 records.
    """
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        values = []
        for node in yaml.compose_all(text, loader):
            values += [_plain(node, [0], 0)] if node is not None else []
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DocumentUnreadable(f"The YAML cannot be read: {' '.join(str(error).split())[:200]}.") from None
    yield from _records(values[0] if len(values) == 1 else values, Counter())


def _plain(node: Any, made: list[int], depth: int) -> Any:
    """Return the value of a node with text at its leaves; aliases that multiply end at a limit.

    Raises:
        DocumentTooLarge: there are too many values.
    """
    import yaml

    made[0] += 1
    if made[0] > 10 * _MAX_RECORDS or depth > 4 * _MAX_DEPTH:
        raise DocumentTooLarge("The YAML unfolds to too many values.")
    if isinstance(node, yaml.MappingNode):
        return {str(_plain(key, made, depth + 1)): _plain(value, made, depth + 1) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(entry, made, depth + 1) for entry in node.value]
    return node.value


def _records(value: Any, made: Counter[str], depth: int = 0, level: int = 2) -> Iterator[Block]:
    """Yield a value: records with a question as sections, flat ones as lines, others under the names of their parts."""
    made["records"] += 1
    if made["records"] > _MAX_RECORDS:
        raise DocumentTooLarge(f"The file has more than {_MAX_RECORDS:,} records. Split it.")
    if depth > _MAX_DEPTH:
        yield "left_out", 1, "unread_parts", ""
    elif isinstance(value, list):
        for entry in value:
            yield from _records(entry, made, depth + 1, level)
    elif isinstance(value, dict):
        found = _question_and_answer(value)
        if found is not None:
            yield "heading", level, found[0], ""
            yield from _answer(found[1])
            return
        flat = {name: entry for name, entry in value.items() if _is_leaf(entry) and not str(name).startswith("@")}
        cells = [f"{name}: {_leaf(entry)}" for name, entry in flat.items() if _leaf(entry)]
        if cells:
            yield "line", 0, CELL_SEPARATOR.join(cells), ""
        for name, entry in value.items():
            if not _is_leaf(entry):
                yield "heading", min(6, level), str(name), ""
                yield from _records(entry, made, depth + 1, min(6, level + 1))
    elif _leaf(value):
        yield "line", 0, f"- {_leaf(value)}", ""


def _question_and_answer(record: dict[str, Any]) -> tuple[str, str] | None:
    names = {str(name).strip().lower(): entry for name, entry in record.items()}
    answer = next((text for name in ANSWER_COLUMNS if (text := _leaf(names.get(name)))), "")
    for part, inner in _ANSWERS:
        held = record.get(part)
        held = held[0] if isinstance(held, list) and held else held
        if not answer and isinstance(held, dict):
            answer = _leaf(held.get(inner))
    asked = QUESTION_COLUMNS if any(name in names for name in QUESTION_COLUMNS) else _QUESTIONS
    question = next((text for name in asked if (text := _leaf(names.get(name)))), "")
    return (question, answer) if question and answer else None


def _answer(text: str) -> Iterator[Block]:
    if "</" in text or "<br" in text:
        yield from read_html(text)
    else:
        yield from paragraphs(text)


def _is_leaf(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _leaf(value: Any) -> str:
    """Return a single value as text: what it says, or as JSON writes it."""
    if value is None or not _is_leaf(value):
        return ""
    return value if isinstance(value, str) else json.dumps(value)
