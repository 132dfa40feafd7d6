"""What a quantity is said of is compared where that is sure: its bound, its row of a table, and its clause."""

import pytest

from worker.answering.check.fact_check import disagreement
from worker.answering.check.quantity_context import other_bound, other_row, other_value

TABLE = """Plans.
| Plan | First reply | Price |
|---|---|---|
| Free | within three working days | 0 € |
| Team | within one working day | 8 € |
| Team Plus | within four working hours | 14 € |

Every plan has 30 days of trial."""


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The fee is at most 12 €.", "The fee is at least 12 €."),
        ("Entries are kept for at least 30 days.", "Entries are kept for up to 30 days."),
        ("Passwords have no more than twelve characters.", "Passwords have 12 characters or more."),
        ("A minimum of three bags is allowed.", "A maximum of 3 bags is allowed."),
    ],
)
def test_a_lower_bound_is_no_upper_bound(claim, source):
    assert other_bound(claim, source) is not None
    assert disagreement(claim, source) is not None


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The journey may take no longer than 45 days.", "Journeys of up to 45 days. At least half must be paid."),
        ("Passwords need 12 characters or more.", "Use at least twelve characters."),
        ("It is 12 €.", "It is at least 12 €."),  # less is said, and no other bound
        ("Tell us at least three days before.", "Changes are possible up to three days before."),
        ("At least 12 € are due.", "At least 12 € and at most 60 € are due."),
    ],
)
def test_the_same_bound_in_other_words_agrees(claim, source):
    assert other_bound(claim, source) is None


@pytest.mark.parametrize(
    ("claim", "other"),
    [
        ("On Team you get a first reply within four working hours.", True),
        ("| Free | 8 € |", True),
        ("Team Plus costs 8 €.", True),
        ("On Team you get a first reply within one working day.", False),
        ("Team Plus costs 14 €.", False),
        ("Free and Team cost 0 € and 8 €.", False),
        ("Team has a trial of 30 days.", False),  # stands below the table
        ("It costs 8 € a month.", False),
        ("Team costs 9 €.", False),  # stands nowhere, which is no matter of rows
    ],
)
def test_a_quantity_of_another_row_is_found(claim, other):
    assert (other_row(claim, TABLE) is not None) is other


def test_a_table_whose_columns_are_what_is_compared_is_left_out():
    table = "|  | Basic | Pro |\n|---|---|---|\n| Price | 5 € | 9 € |\n| Users | 3 | 10 |"
    assert other_row("Pro has a price of 9 € and more users.", table) is None


@pytest.mark.parametrize(
    ("claim", "source", "other"),
    [
        (
            "After three declined attempts, please wait 24 hours.",
            "Your basket is kept for 24 hours. After three declined attempts, please wait one hour.",
            False,  # two quantities: which one is compared is not sure
        ),
        ("Refunds of declined cards take 5 days.", "Refunds of declined cards take 3 days. Parcels take 5 days.", True),
        ("Refunds of declined cards take 72 hours.", "Refunds of declined cards take 3 days.", False),
        ("Express parcels cost €5.", "Standard letters cost €5, express parcels cost €9.", True),
        ("Express parcels cost €9.", "Standard letters cost €5, express parcels cost €9.", False),
        ("It takes 5 days.", "Refunds take 3 days. Parcels take 5 days.", False),  # too few words to compare
        ("| Express parcels cost | €5 |", "Express parcels cost €9.", False),
    ],
)
def test_the_most_similar_clause_says_which_value_it_is(claim, source, other):
    assert (other_value(claim, source) is not None) is other
