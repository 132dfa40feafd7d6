"""Answers without a model, with the real embedding model, over the sample articles."""

import json
import re
from pathlib import Path

import pytest

from kb import documents, passages
from kb import snapshot as snapshots
from kb.search import search
from kb.snapshot import New, Record, write
from worker.answering.agent import Agent
from worker.answering.extractive import ExtractiveAnswerer
from worker.answering.question import Question
from worker.conversations.outcomes import Answer
from worker.launch.up import sample_folder


class SampleSearch:
    def __init__(self, snapshot, embedder):
        self.snapshot, self.embedder = snapshot, embedder

    def search(self, workspace_id, query, *, limit, filters=None):
        return search(query, snapshot=self.snapshot, embedder=self.embedder, limit=limit)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    files = sorted(sample_folder().glob("*.md"))
    return {file.stem: documents.read(file.read_bytes(), media_type="text/markdown", title="").text for file in files}


@pytest.fixture(scope="module")
def agent(embedder, tmp_path_factory) -> Agent:
    records, embedded, vectors = [], [], []
    import numpy as np

    for file in sorted(sample_folder().glob("*.md")):
        read = documents.read(file.read_bytes(), media_type="text/markdown", title=file.stem)
        for one in passages.cut(read, count_tokens=embedder.count_tokens):
            records.append(
                Record(
                    passage_id="p",
                    document_id=file.stem,
                    title=read.title,
                    url=None,
                    headings=one.headings,
                    anchor=one.anchor,
                    start=one.start,
                    end=one.end,
                    text=one.text,
                )
            )
            embedded.append(one.embedded)
            vectors.append(embedder.encode(one.embedded))
    folder: Path = tmp_path_factory.mktemp("snapshots") / "1"
    new = New(records=records, texts=embedded, vectors=np.stack(vectors))
    write(folder, version="1", model=embedder.identity, new=new)
    opened = snapshots.open_snapshot(folder, model=embedder.identity)
    return Agent(knowledge=SampleSearch(opened, embedder), answerer=ExtractiveAnswerer(embedder))


def ask(agent: Agent, text: str):
    return agent.answer(Question(workspace_id="w", content=text))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How do I reset my password?", "Forgot password?"),
        ("how long is a gift card valid?", "three years"),
        ("do you ship to Norway?", "Norway"),
        ("what does express delivery cost?", "9.95"),
        ("my discount code doesn't work", "expired"),
        ("I lost my phone and can't get the six digit code", "recovery code"),
        ("do my loyalty points expire?", "24 months"),
        ("can I pick up my order in a shop?", "Store pick-up"),
    ],
)
def test_a_support_question_gets_the_sentences_that_answer_it(agent, question, expected):
    outcome = ask(agent, question)
    assert isinstance(outcome, Answer), outcome
    assert expected in outcome.content


@pytest.mark.parametrize(
    "question",
    [
        "who won the world cup in 1998?",
        "what is the capital of France?",
        "write me a poem about autumn",
        "how do I install a solar panel?",
        "translate good morning into Spanish",
    ],
)
def test_a_question_out_of_scope_is_handed_off(agent, question):
    assert ask(agent, question).reason == "no_answer"


def test_every_number_has_a_citation_whose_quote_stands_in_the_document(agent, texts):
    lines = (Path(__file__).parents[2] / "data" / "desk" / "queries.jsonl").read_text().splitlines()
    questions = [one["text"] for one in map(json.loads, lines) if one["answerable"]]
    answered = 0
    for question in questions:
        outcome = ask(agent, question)
        if not isinstance(outcome, Answer):
            continue
        answered += 1
        numbers = {int(number) for number in re.findall(r"\[(\d+)\]", outcome.content)}
        assert numbers == {citation.number for citation in outcome.citations}
        for citation in outcome.citations:
            assert texts[citation.document_id][citation.start : citation.end] == citation.quote
    assert answered >= 0.9 * len(questions)


def test_the_same_question_gets_the_same_answer(agent):
    assert ask(agent, "can I cancel my order?").content == ask(agent, "can I cancel my order?").content
