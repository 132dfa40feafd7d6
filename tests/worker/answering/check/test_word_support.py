"""Answers in languages that the shipped model does not read: words in common, with facts and denials compared."""

import json
from collections import Counter

import pytest

from tests.support.processes import ROOT
from worker.answering.check.word_support import find
from worker.conversations.outcomes import Answer
from worker.evaluation import drafts

FOLDER = ROOT / "tests" / "data" / "drafts-languages"
ROWS = [json.loads(line) for path in sorted(FOLDER.glob("*.jsonl")) for line in path.read_text().splitlines()]

GERMAN = (
    "Nach Österreich dauert es drei bis fünf Werktage. In die Schweiz dauert es bis zu zehn Werktage und kostet 19,90 "
    "€; Zoll trägt der Empfänger. Möbel liefern wir nicht ins Ausland. Die Versandkosten erstatten wir nur, wenn Sie "
    "alles zurückgeben. Sie können mit Visa, PayPal und auf Rechnung bezahlen. Sie erreichen uns montags bis freitags."
)


def supported(claim: str, question: str = "") -> bool:
    return find(claim, [(0, "Lieferung und Zahlung", GERMAN)], question=question, language="de") is not None


@pytest.mark.parametrize(
    "claim",
    [
        "Eine Lieferung nach Österreich dauert 3 bis 5 Werktage.",
        "In die Schweiz kann es bis zu 10 Werktage dauern.",
        "Möbel liefern wir leider nicht ins Ausland.",
        "Den Zoll trägt der Empfänger, also Sie.",
        "Bezahlen können Sie auf Rechnung, mit PayPal und mit Visa.",
        "Sie erreichen uns von Montag bis Freitag.",
    ],
)
def test_other_words_and_another_order_say_the_same(claim):
    assert supported(claim)


@pytest.mark.parametrize(
    "claim",
    [
        "Eine Lieferung nach Österreich dauert 2 bis 5 Werktage.",
        "In die Schweiz dauert es drei bis fünf Werktage.",
        "In die Schweiz dauert es mindestens zehn Werktage.",
        "Möbel liefern wir auch ins Ausland.",
        "Den Zoll in die Schweiz tragen wir.",
        "Die Versandkosten erstatten wir immer.",
        "Sie können mit Visa, PayPal, Klarna und auf Rechnung bezahlen.",
        "Sie erreichen uns montags bis samstags.",
        "Sie können per Scheck bezahlen.",
    ],
)
def test_one_changed_fact_is_not_borne_out(claim):
    assert not supported(claim)


def test_what_the_customer_calls_theirs_may_stand_in_a_list():
    assert supported("Möbel, also Ihren Schrank, liefern wir nicht ins Ausland.", "Liefert ihr meinen Schrank?")
    assert not supported("Möbel, Ihren Teppich, liefern wir nicht ins Ausland.", "Liefert ihr meinen Schrank?")


@pytest.mark.parametrize("language", ["de", "fr", "es", "it", "nl", "pt", "pl"])
def test_the_labelled_drafts_are_well_formed_and_half_is_held_out(language):
    rows = [row for row in ROWS if row["language"] == language]
    own = [draft for draft in drafts.load(FOLDER) if draft.domain == language]
    by_split = {
        split: Counter(draft.fault is None for draft in own if draft.split == split) for split in ("dev", "held_out")
    }
    assert all(abs(by_split["dev"][label] - by_split["held_out"][label]) <= 1 for label in (True, False))
    assert len({row["id"] for row in rows}) == len({row["draft"] for row in rows}) == len(rows)
    for row in rows:
        assert (row["label"] == "fault") == (row["fault"] is not None)
        assert row["fault"] is None or row["draft"].count(row["fault"]["sentence"]) == 1
        assert all(phrase in row["draft"] for phrase in row["small_talk"])


def test_most_true_drafts_are_sent_whole_and_most_faults_are_not():
    counts: Counter[tuple[str, str]] = Counter()
    for draft in drafts.load(FOLDER):
        result = drafts.run(draft, drafts.passages(FOLDER, draft), similarity=None)
        if draft.fault is not None:
            counts[draft.split, "fault sent" if drafts.has_fault(draft, result) else "fault kept out"] += 1
        elif drafts.is_whole(draft, result):
            counts[draft.split, "whole"] += 1
        else:
            counts[draft.split, "cut" if isinstance(result.outcome, Answer) else "handed off"] += 1
    for split, least, most in (("dev", 0.8, 0.05), ("held_out", 0.7, 0.15), ("fresh", 0.7, 0.25)):
        true = sum(counts[split, kind] for kind in ("whole", "cut", "handed off"))
        faulty = counts[split, "fault sent"] + counts[split, "fault kept out"]
        assert counts[split, "whole"] >= least * true, counts
        assert counts[split, "fault sent"] <= most * faulty, counts
