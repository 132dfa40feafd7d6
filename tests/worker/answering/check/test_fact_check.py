"""A sentence that differs from its source in the one word that matters is not borne out by it."""

import pytest

from worker.answering.check.fact_check import disagreement
from worker.answering.check.negation import denies


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("Refunds take five days.", "A refund takes 5 days."),
        ("Refunds take 5 working days.", "Refunds take five working days."),
        ("It costs 1,000 euros.", "It costs €1000."),
        ("It costs 4.50 €.", "It costs 4.5 euros."),
        ("You save 20 %.", "You save 20 percent."),
        ("We are open from 08:00.", "We open at 08:00."),
        ("Write to help@shop.example.", "Write to Help@shop.example."),
        ("Read www.shop.example/faq.", "See www.shop.example/faq, please."),
        ("You may return it.", "It can be returned."),
        ("Choose “Forgot password?” on the page.", "Click “Forgot password?” first."),
        ("Only one of the codes counts.", "Of two codes a single one counts."),
        ("Send it with the label and without the box.", "Send it without the box, with our label."),
        ("All orders ship on Monday.", "Every order ships on Monday."),
        ("PayPal is accepted.", "We accept PayPal."),
        ("Open Settings and choose Privacy.", "Choose Privacy in the Settings."),
        ("First open it. You'll get a code.", "Open it to get a code."),
        ("Once We're told, it is sent.", "It is sent once we are told."),
        ("Files of up to 25MB are read.", "Files may have 25 MB."),
        ("It costs EUR 25.", "It costs 25 €."),
        ("10 per cent is kept.", "We keep 10%."),
        ("We open at 9 am.", "We open at 9:00."),
        ("We close at 5 p.m. every day.", "We close at 17:00 every day."),
        ("It is done within an hour.", "It is done within 1 hour."),
        ("It is done within one hour.", "It is done within an hour."),
        ("It can be sent twice a day.", "We send it twice per day."),
        ("Delivery is free of charge.", "Delivery is free."),
        ("We ship to the UK.", "We ship to the United Kingdom."),
        ("We are closed on Fridays.", "We are closed on Friday."),
        ("We open on Mon.", "We open on Mondays."),
        ("See https://shop.example/returns for more.", "See shop.example/returns."),
        ("You pay 3 per parcel.", "Each parcel costs 3."),
        ("Standard shipping takes 5 days.", "Express shipping takes 2 days and standard shipping 5 days."),
        ("It takes between 3 and 5 days.", "It takes 3 to 5 days."),
        ("Free shipping is for members only.", "Only members get free shipping."),
        ("Furniture is not free, except for members.", "Shipping is free except for furniture; members are."),
        ("Shipping is free.", "Shipping is free except for furniture."),
        ("Use a recovery code.", "If you lost your phone, use a recovery code."),
        ("Unopened items can be returned.", "Items can be returned if they are unopened."),
        ("It costs 10 euros per month.", "It costs 10 euros a month."),
    ],
)
def test_the_same_in_other_words_is_borne_out(claim, quote):
    assert disagreement(claim, quote) is None


@pytest.mark.parametrize(
    ("claim", "quote", "what"),
    [
        ("Refunds take six days.", "A refund takes 5 days.", "6 days"),
        ("Refunds take 5 weeks.", "Refunds take 5 days.", "5 weeks"),
        ("It costs 5 dollars.", "It costs €5.", "5 dollars"),
        ("You save 20 euros.", "You save 20 %.", "20 euros"),
        ("It takes one week.", "It takes weeks, or two days.", "one week"),
        ("We are open from 09:00.", "We open at 08:00.", "09:00"),
        ("It costs 1.5 euros.", "It costs 15 euros.", "1.5 euros"),
        ("Write to help@evil.example.", "Write to help@shop.example.", "help@evil.example"),
        ("Read https://shop.example/faq.", "Read https://shop.example/help.", "https://shop.example/faq."),
        ("We ship on Tuesday.", "We ship on Monday.", "tuesday"),
        ("The offer ends in May.", "The offer ends in June.", "may"),
        ("Choose “Delete all” there.", "Choose “Delete” there.", "Delete all"),
        ("You can pay with Klarna.", "You can pay with PayPal.", "Klarna"),
        ("The model X200 has it.", "The model X100 has it.", "X200"),
        ("Keep it at 5 °C.", "Keep it at -5 °C.", "5 °C"),
        ("You need version 2.1.", "You need version 2.10.", "2.1"),
        ("It ends on 03/04/2026.", "It ends on 04/03/2026.", "03/04/2026"),
        ("We open at 9 pm.", "We open at 9:00.", "9 pm."),
        ("It is done within an hour.", "It is done within 2 hours.", "an hour"),
    ],
)
def test_what_the_source_does_not_have_is_named(claim, quote, what):
    assert disagreement(claim, quote) == what


def test_names_may_come_from_what_the_passage_is_about():
    assert disagreement("The ZX Pro has two ports.", "It has two ports.") == "ZX"
    assert disagreement("The ZX Pro has two ports.", "ZX Pro manual. It has two ports.") is None
    assert disagreement("The ZX Pro has two ports.", "It has two ports.", question="Ports of the ZX Pro?") is None


def test_negations_are_seen_with_either_apostrophe():
    assert denies("You can’t return it.")
    assert denies("You cannot return it")
    assert not denies("You can return it")
    assert denies("The fee is non-refundable.")
    assert denies("Sale items are excluded from returns.")
    assert denies("Gift cards hardly ever expire.")
    assert denies("The charger is sold separately.")


def test_a_season_that_begins_or_ends_in_another_month_is_named():
    assert disagreement("The pool is open from May to October.", "The pool is open May to September.") is not None
    assert disagreement("The pool is open from May until September.", "The pool is open May to September.") is None


def test_a_prefix_that_no_passage_has_is_named():
    source = "Test keys begin with `sk_test_`, live keys with `sk_live_`. It is computed over the raw body."

    assert disagreement("Live keys begin with `sk_prod_`.", source) == "sk_prod_"
    assert disagreement("Live keys begin with `sk_live_`; it is computed over `raw_body`.", source) is None
