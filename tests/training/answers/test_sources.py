"""The pairs that the answer model learns from, as they are written."""

import json
from collections import Counter
from pathlib import Path

from training.answers import sources

WRITTEN = Path(sources.__file__).parent / "written"


def test_a_message_to_a_desk_is_paired_with_each_of_its_passages(tmp_path):
    passages = [{"title": "Orders", "heading": name, "text": f"{name}."} for name in ("Collect", "Wrong item")]
    messages = [
        {"text": "I got someone else's book", "answered_by": [1]},
        {"text": "collected it, thanks", "answered_by": [], "kind": "statement"},
    ]
    row = {"domain": "bookshop", "passages": passages, "messages": messages}
    (tmp_path / "desks.jsonl").write_text(json.dumps(row) + "\n")

    pairs = [(pair.question, pair.title, pair.answered, pair.kind) for pair in sources.of_desks(tmp_path)]

    assert pairs == [
        ("I got someone else's book", "Orders > Collect", False, "neighbour"),
        ("I got someone else's book", "Orders > Wrong item", True, ""),
        ("collected it, thanks", "Orders > Collect", False, "statement"),
        ("collected it, thanks", "Orders > Wrong item", False, "statement"),
    ]


def test_messages_to_desks_are_not_read_as_questions_about_the_passages_of_support():
    of_desks = {pair.passage for pair in sources.of_desks(WRITTEN)}
    of_support = {pair.passage for pair in sources.written(WRITTEN)}

    assert len(of_desks) >= 240
    assert len(of_support) >= 1_000
    assert not of_desks & of_support


def test_every_passage_of_a_desk_answers_some_message_and_no_message_is_answered_by_all():
    answers = Counter((pair.group, pair.title) for pair in sources.of_desks(WRITTEN) if pair.answered)
    by_message = Counter((pair.group, pair.question) for pair in sources.of_desks(WRITTEN) if pair.answered)

    assert set(answers) == {(pair.group, pair.title) for pair in sources.of_desks(WRITTEN)}
    assert max(by_message.values()) < 3
