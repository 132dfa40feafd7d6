"""Sentences with nearly the same words that say the opposite are told apart."""

import pytest

from worker.answering.check.contradiction import contradicts, says_opposite


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Cancel before the parcel ships.", "Cancel after the parcel ships."),
        ("Orders over 50 euros ship free.", "Orders under 50 euros ship free."),
        ("The price includes VAT.", "The price excludes VAT."),
        ("Disable the setting.", "Enable the setting."),
        ("The box is required.", "The box is optional."),
        ("Opened boxes can be returned.", "Unopened sealed boxes can be returned."),
        ("The offer runs after Friday.", "The offer runs until Friday."),
        ("You lose your points.", "You keep your points."),
        ("Sale items can be returned.", "Sale items cannot be returned."),
        ("Parcels are not insured.", "Parcels are insured."),
    ],
)
def test_a_word_that_is_turned_round_says_the_opposite(claim, source):
    assert says_opposite(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("PayPal is accepted.", "We accept PayPal."),
        ("Send it with the label and without the box.", "Send it without the box, with our label."),
        ("You can't return sale items.", "Sale items cannot be returned."),
        ("You receive an e-mail with the number.", "We send you an e-mail with the number."),
        ("It is answered only after the hearing.", "It isn't answered before the hearing."),
        ("Letters no older than seven days count.", "Letters of at most a week count."),
    ],
)
def test_the_same_in_other_words_does_not(claim, source):
    assert not says_opposite(claim, source)


def test_the_clause_that_is_most_like_the_claim_is_compared():
    passage = "The money is back on the same day, and it costs you nothing. Sale items cannot be returned."
    assert not contradicts("The money is back on the same day.", passage, min_shared=0.6)
    assert contradicts("Sale items can be returned.", passage, min_shared=0.6)
    assert not contradicts("We sell shoes and hats.", passage, min_shared=0.6)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("Parcels are not insured.", "Parcels are insured."),
        ("The card stays valid, and unused vouchers are not lost.", "Points and unused vouchers are lost."),
        ("If the first attempt fails, the workspace is locked.", "If the last attempt fails, the workspace is locked."),
        ("Yes, moth holes in knitwear can't be darned.", "Knitwear with moth holes can be darned."),
    ],
)
def test_the_opposite_is_found_in_short_claims_and_in_clauses(claim, passage):
    assert contradicts(claim, passage, min_shared=0.6)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("Check the date and the amount first.", "If you do not know a payment, check the date and the amount first."),
        ("The money is back on the same day.", "The money is back on the same day, and it costs you nothing."),
        ("No, removing the guest devices is left to the owner.", "Removing the guest devices is left to the owner."),
        ("| Admin | everyone | yes |", "| Admin | yes | everyone | no |"),
        ("Theft isn't covered by the insurance.", "Insurance > What covers theft. Members are insured in training."),
        ("Points collected can be redeemed (not as a guest).", "Points collected can be redeemed."),
    ],
)
def test_asides_conditions_headings_and_tables_are_not_compared(claim, passage):
    assert not contradicts(claim, passage, min_shared=0.6)


UPGRADES = "Upgrades take effect at once and are charged by the day. Downgrades take effect at the next renewal."


def test_what_is_said_of_the_opposite_does_not_hold():
    assert contradicts("Upgrades take effect at the next renewal.", UPGRADES, min_shared=0.7)
    assert not contradicts("Downgrades take effect at the next renewal.", UPGRADES, min_shared=0.7)
    assert not contradicts("Upgrades take effect at once.", UPGRADES, min_shared=0.7)
