"""What is polite claims nothing; what claims something is not only polite."""

import pytest

from kb import sentences
from tests.support.fakes import hit
from worker.answering.check.grounding import Check, check
from worker.answering.check.pleasantries import examples, is_introduction, is_pleasantry

HITS = [hit("Returns are free within 30 days. Open the app. Choose the order. Print the label.")]


@pytest.mark.parametrize(
    "text", [*examples(), "😊", "---", "| --- | --- |", "I hope this helps! 😊", "**Best regards,**"]
)
def test_what_is_only_polite(text):
    assert is_pleasantry(text)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, and we refund you twice.",
        "Sorry, returns are never possible.",
        "Thanks, your refund is on its way.",
        "Thank you, we have cancelled your order.",
        "Hello Anna, your order was cancelled.",
        "Happy to help: customs are never charged.",
        "No problem, we replace it.",
        "Sure, you can return earrings.",
        "Absolutely!",
        "Yes, of course.",
        "Let me know your order number 12345.",
        "Don't hesitate to call us on 0800 123.",
        "The support team calls you back within an hour.",
        "Our team is here day and night.",
        "I understand that you were charged twice.  We pay it back.",
        "Have your order number at hand, since we need it.",
    ],
)
def test_a_claim_is_not_only_polite(text):
    assert not is_pleasantry(text)


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("To return an order:", True),
        ("### Returns", True),
        ("**Free returns**", True),
        ("**Free returns forever**", False),
        ("We also send a courier:", False),
        ("Within 30 days:", False),
        ("Returns are never free:", False),
        ("Only returns within days:", False),
        ("You return it.", False),
        ("Still missing?", True),
        ("Did you know that couriers fetch it?", False),
        ("Within 30 days?", False),
    ],
)
def test_an_introduction_says_nothing_that_is_not_in_the_passages(text, leads):
    known = sentences.content(HITS[0].record.text)
    assert is_introduction(text, known=known) is leads


def content_of(draft: str, **options) -> str:
    grounded = check(draft, HITS, **options)
    return "" if grounded is None else grounded.content


def test_politeness_costs_no_answer_and_is_left_out():
    opening = "Hi there!\n\nThanks for asking! "
    closing = "\n\nLet me know if you have questions.\nBest regards,\nYour support team"
    grounded = check(f"{opening}Returns are free within 30 days [1].{closing}", HITS)
    assert grounded is not None
    assert (grounded.content, grounded.dropped) == ("Returns are free within 30 days [1].", 0)


def test_an_introduction_stays_with_what_it_leads_to():
    draft = "To return an order:\n\n1. Open the app [1].\n2. Choose the order [1]."
    assert content_of(draft, question="How do I return an order?").startswith("To return an order:\n")
    draft = "To return an order:\n\nWe send a courier to you [1].\n\nReturns are free within 30 days [1]."
    assert content_of(draft, question="How do I return an order?").endswith("Returns are free within 30 days [1].")


def test_a_heading_without_its_text_goes():
    draft = (
        "Returns are free within 30 days [1].\n\n### Label\nWe send a courier to you [1].\n\n### App\nOpen the app [1]."
    )
    assert content_of(draft) == "Returns are free within 30 days [1].\n\n### App\nOpen the app [2]."


def test_after_a_step_that_is_not_supported_no_step_follows():
    steps = "1. Open the app [1].\n2. Call our hotline on Sunday [1].\n3. Print the label [1].\n\n"
    assert content_of(f"{steps}Returns are free within 30 days [1].") == (
        "1. Open the app [1].\n\nReturns are free within 30 days [2]."
    )


def test_yes_and_no_go_with_the_sentence_after_them():
    assert content_of("Yes. Returns are free within 30 days [1].") == "Yes. Returns are free within 30 days [1]."
    assert content_of("Returns are free within 30 days [1]. No. We send a courier [1].") == (
        "Returns are free within 30 days [1]."
    )


def test_bold_that_is_cut_in_two_is_no_bold():
    assert content_of("**Price.** Returns are free within 30 days [1].") == "Returns are free within 30 days [1]."
    assert "**" not in content_of("**Returns are free within 30 days [1]. Open the app** [1].")


@pytest.mark.parametrize(
    ("question", "draft", "sent"),
    [
        ("Is a return free?", "Yes. Returns are free within 30 days [1].", "Yes. Returns are free within 30 days [1]."),
        ("Are returns free?", "No! Returns are free within 30 days [1].", "Returns are free within 30 days [1]."),
        ("Are returns free?", "No, returns are free within 30 days [1].", "Returns are free within 30 days [1]."),
        (
            "Do I pay for sending it back?",
            "No, returns are free within 30 days [1].",
            "No, returns are free within 30 days [1].",
        ),
    ],
)
def test_yes_and_no_go_where_the_sentence_says_the_opposite(question, draft, sent):
    assert content_of(draft, question=question) == sent


def test_yes_before_a_denial_goes():
    hits = [hit("Earrings cannot be returned.")]
    grounded = check("Yes. Earrings cannot be returned [1].", hits, question="Can earrings be returned?")
    assert grounded is not None
    assert grounded.content == "Earrings cannot be returned [1]."


@pytest.mark.parametrize("size", [1, 5, 400])
def test_politeness_is_sent_where_a_desk_keeps_it(size):
    draft = (
        "Hi Anna,\n\nThank you for your patience. Returns are free within 30 days [1]. Open the app [1].\n\n"
        "I hope this helps!\nBest regards,"
    )
    kept = Check(keeps_pleasantries=True)
    for start in range(0, len(draft), size):
        kept.feed(draft[start : start + size], HITS)
    assert kept.finish(HITS).content == (
        "Hi Anna,\nThank you for your patience.\nReturns are free within 30 days [1]. Open the app [2].\n\n"
        "I hope this helps!\nBest regards,"
    )


def test_politeness_alone_is_no_answer():
    kept = Check(keeps_pleasantries=True)
    kept.feed("Thank you for your patience. I hope this helps!", HITS)
    assert kept.finish(HITS) is None
    assert kept.final_content == ""


def test_politeness_that_says_more_is_not_sent():
    kept = Check(keeps_pleasantries=True)
    kept.feed("Returns are free within 30 days [1]. I'm happy to help you with your refund of the label.", HITS)
    assert kept.finish(HITS).content == "Returns are free within 30 days [1]."
