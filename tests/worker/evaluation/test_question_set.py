"""Questions with and without an answer in the articles: the labelled set is well formed."""

from collections import Counter, defaultdict
from typing import Any

import pytest

from kb.quality import read_rows
from tests.support.processes import ROOT
from worker.evaluation.articles import articles_of

FOLDER = ROOT / "tests" / "data" / "questions"
DOMAINS = ("shop", "software", "bank")
ANSWERABLE = set("keywords short typos chatty problem yes_no own_case other_words non_native".split())
UNANSWERABLE = set("near far statement about_assistant".split())
GAPS = set("detail other_subject other_action why exception false_premise own_status".split())
ADDITIONS = set("typo context email greeting number after caps thanks".split())


def rows(name: str) -> list[dict[str, Any]]:
    return read_rows(FOLDER / f"{name}.jsonl", dict)


QUESTIONS, ADDED, TICKETS = rows("questions"), rows("additions"), rows("long_tickets")


def articles(row: dict[str, Any]) -> list[str]:
    """The files that a row is labelled with."""
    named = row.get("articles") or [row.get("article"), row.get("near")]
    return [name for name in named if name]


def letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def is_one_slip(text: str, slipped: str) -> bool:
    """Whether one letter of a text was dropped, doubled, added or swapped with the next."""
    shorter, longer = sorted((text, slipped), key=len)
    if len(shorter) == len(longer):
        return any(text[:i] + text[i + 1] + text[i] + text[i + 2 :] == slipped for i in range(len(text) - 1))
    return any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))


def test_no_id_and_no_text_occurs_twice():
    for column in ("id", "text"):
        assert max(Counter(row[column] for row in QUESTIONS + TICKETS).values()) == 1
    assert max(Counter((row["id"], row["kind"]) for row in ADDED).values()) == 1


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_domain_has_enough_of_both_labels_in_both_halves(domain):
    counts = Counter((row["answerable"], row["split"]) for row in QUESTIONS if row["domain"] == domain)
    assert set(counts) == {(label, split) for label in (True, False) for split in ("dev", "held_out")}
    assert min(counts[True, split] for split in ("dev", "held_out")) >= 30
    assert min(counts[False, split] for split in ("dev", "held_out")) >= 20
    tickets = Counter(row["split"] for row in TICKETS if row["domain"] == domain)
    assert tickets == {"dev": 8, "held_out": 7}


def test_every_label_is_complete_and_of_a_known_kind():
    for row in QUESTIONS:
        assert row["kind"] in (ANSWERABLE if row["answerable"] else UNANSWERABLE), row["id"]
        assert (row["article"] is not None) == row["answerable"], row["id"]
        assert (row["kind"] == "near") == (row.get("gap") in GAPS) == ("near" in row), row["id"]
        assert (row["kind"] == "statement") == ("before" in row), row["id"]
        assert row["language"] in ("en", "de", "fr", "es"), row["id"]
        before = [turn["role"] for turn in row.get("before", ())]
        assert before in ([], ["assistant"], ["customer", "assistant"]), row["id"]
    assert {row["kind"] for row in QUESTIONS} == ANSWERABLE | UNANSWERABLE


def test_every_article_of_a_label_is_there_and_belongs_to_one_half():
    splits = defaultdict(set)
    for row in QUESTIONS + TICKETS:
        for name in articles(row):
            assert (articles_of(FOLDER, row["domain"]) / name).is_file(), row["id"]
            splits[row["domain"], name].add(row["split"])
    assert len(splits) == sum(len(list(articles_of(FOLDER, domain).glob("*.md"))) for domain in DOMAINS)
    assert all(len(found) == 1 for found in splits.values())


def test_an_addition_keeps_the_words_of_an_answerable_question():
    questions = {row["id"]: row for row in QUESTIONS}
    for row in ADDED:
        question = questions[row["id"]]
        assert question["answerable"], row
        assert row["split"] == question["split"], row
        assert row["text"] != question["text"], row
        if row["kind"] == "typo":
            assert is_one_slip(question["text"], row["text"]), row
        elif row["kind"] == "caps":
            assert letters(row["text"]) == letters(question["text"]), row
        else:
            assert question["text"] in row["text"], row
        if row["kind"] == "email":
            assert 80 <= len(row["text"].split()) <= 150, row


@pytest.mark.parametrize("domain", DOMAINS)
def test_additions_of_each_kind_are_about_as_many(domain):
    added = [row for row in ADDED if row["id"].startswith(f"{domain}-")]
    by_kind = Counter(row["kind"] for row in added)
    assert set(by_kind) == ADDITIONS
    assert max(by_kind.values()) - min(by_kind.values()) <= 1
    by_question = Counter(row["id"] for row in added)
    assert len(by_question) == 40
    assert set(by_question.values()) == {3, 4}


def test_a_long_ticket_is_long_and_names_what_it_asks():
    for row in TICKETS:
        assert 900 <= len(row["text"]) <= 2_200, row["id"]
        assert row["subject"], row["id"]
        assert row["articles"], row["id"]
        assert row["asks"], row["id"]
