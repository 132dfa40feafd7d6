"""Claims are labelled by how they were made, and the label is right."""

import re

from worker.evaluation.claims import generate_claims


def test_claims_of_each_kind_are_made():
    texts = [
        "The warranty lasts 24 months and is free. You can add a seat before you pay, as Klarna says.",
        "Open the box with care. The parcel is not insured. It usually arrives within 3 days at Berlin.",
        "Deliveries to Norway are slower (by a week). Please add the receipt, which must be public.",
    ]
    claims = generate_claims(texts * 8, seed=3)
    kinds = {(claim.kind, claim.supported) for claim in claims}
    assert kinds >= {("quoted", True), ("number", False), ("negation", False), ("elsewhere", False), ("name", False)}
    assert generate_claims(texts * 8, seed=3) == claims


def test_a_claim_that_quotes_is_in_its_passage_and_one_with_another_number_is_not():
    texts = ["The warranty lasts 24 months.", "Returns are free within 30 days.", "Orders of 50 euros ship for free."]
    claims = generate_claims(texts, seed=1)
    numbers = [claim for claim in claims if claim.kind == "number"]
    assert len(numbers) == 3
    for claim in numbers:
        assert not set(re.findall(r"\d+", claim.text)) & set(re.findall(r"\d+", claim.passage))
    assert all(claim.text in claim.passage for claim in claims if claim.kind == "quoted")
    assert all(claim.text not in claim.passage for claim in claims if claim.kind == "elsewhere")


def test_questions_and_fragments_make_no_claims_and_the_limit_holds():
    assert generate_claims(["Where is it? Yes. Too short."]) == []
    assert len(generate_claims(["The warranty lasts 24 months."] * 20, limit=7)) == 7
