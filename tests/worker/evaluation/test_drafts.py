"""Drafts of a language model: the labelled set is well formed, and what reaches the customer is counted right."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kb.quality import LabelsUnreadable
from tests.support.processes import ROOT
from worker.answering.triage import escalation, small_talk
from worker.conversations.outcomes import Answer, Handoff
from worker.evaluation import drafts
from worker.states import HandoffReason

FOLDER = ROOT / "tests" / "data" / "drafts"
FILES = sorted(FOLDER.glob("*.jsonl"))
ROWS = [json.loads(line) for path in FILES for line in path.read_text().splitlines()]
KINDS = set(
    """
    number unit date name contact added_item added_clause condition negation quantifier comparative role order
    other_subject uncited promise citation extrapolation
    """.split()
)


def text_under(domain: str, passage: str) -> str:
    """The Markdown of an article between a heading and the next."""
    file, _, heading = passage.partition("#")
    article = (FOLDER / "articles" / domain / file).read_text()
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", article, re.M | re.S)
    assert found, passage
    return found[1]


def plain(text: str) -> str:
    return " ".join(text.split())


def test_each_domain_has_enough_drafts_of_both_labels():
    assert {path.name for path in FILES} == {
        f"{domain}.{split}.jsonl" for domain in ("bank", "shop", "software") for split in ("dev", "held_out")
    }
    assert min(Counter(row["label"] for row in ROWS).values()) >= 150
    assert {row["fault"]["kind"] for row in ROWS if row["fault"]} == KINDS


@pytest.mark.parametrize("domain", ["bank", "shop", "software"])
def test_half_of_each_label_is_held_out(domain):
    counts = [
        Counter(json.loads(line)["label"] for line in (FOLDER / f"{domain}.{split}.jsonl").read_text().splitlines())
        for split in ("dev", "held_out")
    ]
    assert counts[0] == counts[1]
    assert set(counts[0]) == {"true", "fault"}


def test_no_draft_question_or_id_is_there_twice():
    for key in ("id", "draft"):
        assert [value for value, count in Counter(plain(row[key]) for row in ROWS).items() if count > 1] == []
    asked = Counter((row["id"].split("-")[0], plain(row["question"]).lower()) for row in ROWS)
    assert [question for question, count in asked.items() if count > 1] == []


def problems(row: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a line of the set."""
    domain = row["id"].split("-")[0]
    marks = re.findall(r"\[([\d, ]+)\]", row["draft"])
    cited = {int(number) for mark in marks for number in mark.split(",")}
    if not cited or not cited <= set(range(1, len(row["passages"]) + 1)):
        yield "a citation names no passage"
    if len(set(row["passages"])) < len(row["passages"]):
        yield "a passage is there twice"
    if plain(row["deciding"]) not in " ".join(plain(text_under(domain, passage)) for passage in row["passages"]):
        yield "the deciding sentence is not in the passages"
    if row["label"] != ("fault" if row["fault"] else "true"):
        yield "label and fault disagree"
    if row["fault"] and row["draft"].count(row["fault"]["sentence"]) != 1:
        yield "the faulty sentence is not in the draft, or twice"
    if not all(phrase in row["draft"] for phrase in row["small_talk"]):
        yield "small talk is not in the draft"
    if escalation.assess(row["question"]) or small_talk.reply_to(row["question"]):
        yield "the question never reaches a model"


def test_each_draft_can_be_judged_by_its_own_passages():
    assert [(row["id"], problem) for row in ROWS for problem in problems(row)] == []


@pytest.fixture
def small_set(tmp_path: Path) -> Path:
    articles = tmp_path / "articles" / "shop"
    articles.mkdir(parents=True)
    (articles / "refunds.md").write_text("# Refunds\n\nWe refund your payment within five working days.\n")
    rows = [
        {
            "id": "shop-1",
            "draft": "Hello! We refund your payment within five working days [1].",
            "small_talk": ["Hello!"],
            "fault": None,
        },
        {"id": "shop-2", "draft": "Quite so [1]. Elephants are grey [1].", "fault": None},
        {
            "id": "shop-3",
            "draft": "We refund your payment within six working days [1].",
            "fault": {"kind": "number", "sentence": "We refund your payment within six working days [1]."},
        },
    ]
    lines = [json.dumps({"question": "When is my refund?", "passages": ["refunds.md#Refunds"], **row}) for row in rows]
    (tmp_path / "shop.dev.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_what_reaches_the_customer_is_counted(small_set):
    measures, _ = drafts.measures(small_set, drafts.load(small_set), similarity=None)
    values = {name: measure.value for name, measure in measures.items()}
    assert values["drafts dev shop: true drafts sent whole"] == 0.5
    assert values["drafts dev shop: true drafts cut"] == 0.0
    assert values["drafts dev shop: true drafts handed off"] == 0.5
    assert values["drafts dev: faults sent"] == values["drafts dev: faults sent, number"] == 0.0


def test_a_fault_counts_as_sent_though_its_citation_was_renumbered_or_it_was_streamed_before_a_handoff():
    draft = drafts.LabelledDraft(
        id="1",
        domain="shop",
        split="dev",
        question="?",
        passages=(),
        text="It is free [2].",
        fault="condition",
        faulty_sentence="It is free [2].",
    )
    answer = Answer(content="It is free [1].", citations=(), support=1.0, answerer="llm")
    assert drafts.has_fault(draft, drafts.Result(outcome=answer, sent=answer.content))
    handoff = Handoff(reason=HandoffReason.LOW_SUPPORT, summary="")
    assert drafts.has_fault(draft, drafts.Result(outcome=handoff, sent="It is free [1]."))
    assert not drafts.has_fault(draft, drafts.Result(outcome=handoff, sent=""))


def test_a_malformed_set_is_refused_with_its_place(small_set):
    (small_set / "shop.dev.jsonl").write_text('{"id": "shop-1"}\n')
    with pytest.raises(LabelsUnreadable, match="line 1"):
        drafts.load(small_set)


def test_the_sentences_of_drafts_are_told_apart_by_their_fault(small_set):
    found = drafts.draft_sentences(small_set, split="dev")
    assert [one.text for one in found if not one.is_true] == []
    assert [one.is_true for one in found] == [True] * len(found)
