import json
from collections.abc import Callable

import pytest

from worker.answering.agent import Agent
from worker.answering.question import Draft
from worker.answering.questions.gate import OPEN
from worker.evaluation.articles import SnapshotSearch


class Quoting:
    """Answers with the first passage's first sentence."""

    name, version = "extractive", 1

    def may_find_more(self, _question):
        return False

    def draft(self, question, hits, *, revoked, on_text=None):
        del question, revoked, on_text
        return Draft(text=hits[0].record.text.partition(".")[0] + " [1].")


@pytest.fixture
def agent() -> Callable[[SnapshotSearch], Agent]:
    """Make agents that answer whatever they find."""
    return lambda knowledge: Agent(knowledge=knowledge, answerer=Quoting(), gate=OPEN)


@pytest.fixture
def folder(tmp_path):
    """A desk's own set: two articles, a dialogue and a message."""
    articles = tmp_path / "articles" / "shop"
    articles.mkdir(parents=True)
    (articles / "pay.md").write_text("# Payment methods\n\nYou can pay by card or by invoice.\n")
    (articles / "wool.md").write_text("# Washing wool\n\nWool is washed by hand in cold water.\n")
    turns = [
        {"message": "How do I wash a wool jumper?", "kind": "first", "articles": ["wool.md"]},
        {"message": "Thank you", "kind": "thanks", "articles": []},
        {"message": "Which payment methods do you accept?", "kind": "topic_change", "articles": ["wool.md"]},
    ]
    (tmp_path / "dialogues.jsonl").write_text(json.dumps({"id": "1", "domain": "shop", "turns": turns}) + "\n")
    questions = [
        {"question": "How do I wash wool?", "articles": ["wool.md"]},
        {"question": "Which payment methods do you accept?", "articles": ["pay.md"]},
    ]
    message = "How do I wash wool? Which payment methods do you accept?"
    row = {"id": "1", "domain": "shop", "message": message, "questions": questions}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row) + "\n")
    return tmp_path
