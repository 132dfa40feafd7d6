import time

import pytest

from worker.answering.check import fact_check
from worker.answering.check.name_lists import first_added

PASSAGE = "We deliver to France, Spain and Portugal within four days. Visa and Amex are taken in Italy."
CARDS = "We accept Visa and Mastercard. PayPal is available too."


def test_a_country_that_is_slipped_into_a_list_is_found():
    assert first_added("We deliver to France, Spain, Italy and Portugal.", PASSAGE) == "italy"


def test_the_same_list_in_another_order_or_shortened_is_true():
    assert first_added("We deliver to Portugal, France and Spain.", PASSAGE) is None
    assert first_added("We deliver to Spain and France.", PASSAGE) is None


def test_a_list_of_what_is_not_so_adds_nothing():
    assert first_added("We don't deliver to France, Spain, Italy and Portugal alike.", PASSAGE) is None


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("Currently, Visa and Mastercard are accepted.", CARDS),
        ("Currently, Visa, Mastercard and Amex are accepted.", "Visa, Mastercard and Amex are accepted."),
        ("Yes, Norway and Iceland are in zone 2.", "Zone 2 has Norway and Iceland."),
        ("Yes, Norway, Iceland and Finland are in zone 2.", "Zone 2 has Norway, Iceland and Finland."),
        (
            "In Settings, Billing and Invoices are two tabs.",
            "Settings.\nBilling and Invoices are two tabs of the page.",
        ),
        (
            "In Settings, Billing, Invoices and Team are tabs.",
            "Open Settings.\nThe tabs are Billing, Invoices and Team.",
        ),
        ("The Starter, Growth and Scale plans have it.", "It is part of Starter, Growth and Scale."),
        ("Our Starter, Growth and Scale plans have it.", "It is part of Starter, Growth and Scale."),
        ("Sure, Visa and Mastercard work.", CARDS),
        ("Anna, Visa and Mastercard work.", CARDS),
        ("We accept Visa, Mastercard and PayPal.", CARDS),
        (
            "We deliver to Norway, Iceland and Switzerland.",
            "We deliver to Norway and Iceland. Switzerland joined in May.",
        ),
        (
            "We deliver to Norway, Iceland and Finland.",
            "We deliver to Norway and Iceland. Delivery to Finland is free.",
        ),
        ("You can use Chrome, Firefox and Safari.", "Use Chrome or Firefox.\n- Safari from version 17"),
        ("Plans are Basic, Pro and Team Plan.", "The plans Basic, Pro and Team can be changed."),
        ("We serve the EU, Norway and the United Kingdom.", "We serve the EU, Norway and the United Kingdom."),
        ("We serve the UK, the EU and Norway.", "We serve the EU, Norway and the United Kingdom."),
        ("On Growth, Slack, Teams and Jira can be connected.", "Growth connects to Slack, Teams and Jira."),
        ("**Currently**, Visa, Mastercard and Amex work.", "Visa, Mastercard and Amex work."),
        ("For Norway, Iceland and Finland it's €9.", "It is €9 for Norway, Iceland and Finland."),
    ],
)
def test_a_true_list_reaches_the_customer(claim, passage):
    assert fact_check.disagreement(claim, passage) is None


@pytest.mark.parametrize(
    ("claim", "passage", "added"),
    [
        (
            "Norway, Iceland and Italy are in zone 2.",
            "Norway and Iceland are in zone 2. Returns from Italy are paid.",
            "italy",
        ),
        ("Yes, France, Spain, Italy and Portugal get it within four days.", PASSAGE, "italy"),
        ("Italy, France, Spain and Portugal get it within four days.", PASSAGE, "italy"),
        (
            "We deliver to Norway, Iceland and Italy.",
            "We deliver to Norway and Iceland. Italy cannot be served.",
            "italy",
        ),
        (
            "We accept Visa, Mastercard and Amex.",
            "We accept Visa and Mastercard. Refunds of old orders with Amex take a week.",
            "amex",
        ),
        ("We serve Norway, Iceland and the US.", "We serve Norway and Iceland. Contact us by chat.", "us"),
        (
            "SSO is in Growth, Scale and Starter.",
            "SSO is in Growth and Scale. The trial has all limits of Starter.",
            "starter",
        ),
        (
            "In Settings, Billing, Invoices and Team are open to guests.",
            "Guests see Billing and Invoices. Ask your Team.",
            "team",
        ),
    ],
)
def test_a_name_from_elsewhere_in_a_list_is_found(claim, passage, added):
    assert first_added(claim, passage) == added


def test_a_country_by_its_short_name_is_the_one_by_its_long_name():
    passage = "We deliver to the European Union, to Switzerland, Norway and the United Kingdom."
    assert fact_check.disagreement("We deliver to Switzerland, Norway and the United Kingdom.", passage) is None
    assert fact_check.disagreement("We deliver to Switzerland, Norway and the UK.", passage) is None
    assert fact_check.disagreement("We deliver to Switzerland, Norway and the United States.", passage) is not None


@pytest.mark.parametrize("claim", ["Ab " * 20_000, "A." * 20_000, "A, " * 20_000, "A" * 50_000, "A and " * 10_000])
def test_a_strange_list_costs_no_time(claim):
    start = time.process_time()
    first_added(claim, PASSAGE)
    assert time.process_time() - start < 2
