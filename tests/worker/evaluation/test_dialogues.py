"""Dialogues: the labelled set is well formed, and results are counted right."""

from collections import Counter

import pytest

from kb.quality import LabelsUnreadable
from tests.support.processes import ROOT
from worker.evaluation import dialogues
from worker.evaluation.articles import articles_of

FOLDER = ROOT / "tests" / "data" / "dialogues"


def test_a_dialogue_is_held_and_each_turn_is_counted(folder, embedder, agent):
    found = dialogues.measures(folder, dialogues.load(folder), embedder=embedder, agent=agent)
    values = {name: measure.value for name, measure in found.items()}
    assert values["dialogues: precision at 1, turn 1"] == 1.0
    assert values["dialogues: precision at 1, topic change"] == 0.0  # wrongly labelled: it finds pay.md
    assert values["dialogues: precision at 1"] == 0.5
    assert values["dialogues: topic changes dragged back"] == 0.0
    assert "dialogues: precision at 1, thanks" not in values


def test_a_malformed_line_is_named(folder):
    (folder / "dialogues.jsonl").write_text('{"id": "1"}\n')
    with pytest.raises(LabelsUnreadable, match=r"dialogues.jsonl, line 1"):
        dialogues.load(folder)


def test_the_set_has_enough_dialogues_in_both_halves():
    held = dialogues.load(FOLDER)
    assert Counter(each.split for each in held) == {"dev": 24, "held_out": 24}
    assert all(3 <= len(each.turns) <= 6 for each in held)
    assert Counter(turn.kind for each in held for turn in each.turns)["topic_change"] >= 35


def test_every_article_of_a_label_is_there():
    held = dialogues.load(FOLDER)
    labels = [(each.domain, article) for each in held for turn in each.turns for article in turn.articles]
    assert labels
    assert all((articles_of(FOLDER, domain) / article).is_file() for domain, article in labels)
