"""Long tickets are searched with as they are, and the recall counts every article that answers."""

import json

import pytest

from kb.quality import LabelsUnreadable
from worker.evaluation import tickets

TICKET = {"id": "t1", "domain": "shop", "split": "dev", "subject": "Tent", "text": "Where is my parcel?"}


@pytest.fixture
def folder(tmp_path):
    articles = tmp_path / "articles" / "shop"
    articles.mkdir(parents=True)
    (articles / "parcel.md").write_text("# Track a parcel\n\nOpen the tracking link in the e-mail.\n")
    (articles / "refund.md").write_text("# Refunds\n\nWe refund the price within five days.\n")
    (tmp_path / tickets.NAME).write_text(json.dumps({**TICKET, "articles": ["parcel.md", "gone.md"]}) + "\n")
    return tmp_path


def test_the_recall_is_the_share_of_the_articles_that_are_found(folder, embedder):
    found = tickets.measures(folder, tickets.load(folder), embedder=embedder)
    assert {name: measure.value for name, measure in found.items()} == {
        "long tickets dev: recall@3": 0.5,
        "long tickets dev: recall@10": 0.5,
        "long tickets dev: recall@3, BM25 alone": 0.5,
        "long tickets dev: recall@10, BM25 alone": 0.5,
    }


def test_the_subject_stands_before_the_text(folder):
    assert tickets.load(folder)[0].text == "Tent\nWhere is my parcel?"


def test_a_malformed_line_is_named_and_a_folder_without_tickets_has_none(tmp_path):
    assert tickets.load(tmp_path) == []
    (tmp_path / tickets.NAME).write_text(json.dumps(TICKET) + "\n")
    with pytest.raises(LabelsUnreadable, match=r"long_tickets.jsonl, line 1"):
        tickets.load(tmp_path)
