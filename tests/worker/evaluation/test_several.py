"""Messages with several questions: the labelled set is well formed, and results are counted right."""

from collections import Counter

import pytest

from kb.quality import LabelsUnreadable
from tests.support.processes import ROOT
from worker.evaluation import several
from worker.evaluation.articles import articles_of

FOLDER = ROOT / "tests" / "data" / "several"


def test_only_a_question_whose_article_is_cited_counts_as_answered(folder, embedder, agent):
    found = several.measures(folder, several.load(folder), embedder=embedder, agent=agent)
    values = {name: measure.value for name, measure in found.items()}
    assert values["questions: questions answered from their article, of several"] == 0.5
    assert values["questions: messages of several subjects wholly right"] == 0.0


def test_a_malformed_line_is_named(folder):
    (folder / "questions.jsonl").write_text("[]\n")
    with pytest.raises(LabelsUnreadable, match=r"questions.jsonl, line 1"):
        several.load(folder)


def test_the_set_has_enough_messages_in_both_halves():
    asked = several.load(FOLDER)
    assert Counter(each.split for each in asked) == {"dev": 32, "held_out": 32}
    assert all(1 <= len(each.questions) <= 4 for each in asked)


def test_every_article_of_a_label_is_there():
    asked = several.load(FOLDER)
    labels = [(each.domain, article) for each in asked for question in each.questions for article in question.articles]
    assert labels
    assert all((articles_of(FOLDER, domain) / article).is_file() for domain, article in labels)
