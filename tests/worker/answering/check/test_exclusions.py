import pytest

from worker.answering.check.exclusions import asserts_excluded


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("The fee goes to the charity.", "The fee goes to the venue and not to the charity."),
        ("Members get 10 % off Basic and Pro.", "Members get 10 % off Basic, but not off Pro."),
        ("Pets may travel on night trains.", "Pets may travel on all trains except night trains."),
        ("A cancelled card can be used again.", "A blocked card can be used again; a cancelled one cannot."),
        ("The Ruby library retries by itself.", "The Java library retries by itself; the Ruby library does not."),
    ],
)
def test_what_a_passage_excludes_is_not_told_as_so(claim, passage):
    assert asserts_excluded(claim, passage) is not None


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("The fee goes to the venue.", "The fee goes to the venue and not to the charity."),
        ("The fee doesn't go to the charity.", "The fee goes to the venue and not to the charity."),
        ("Members get 10 % off Basic only, so Pro is at full price.", "Members get 10 % off Basic, but not off Pro."),
        ("Use the ramp rather than the stairs.", "Use the ramp, not the stairs."),
        ("Charity runs start at nine.", "The fee goes to the venue and not to the charity."),
    ],
)
def test_a_true_sentence_beside_an_exclusion_reaches_the_customer(claim, passage):
    assert asserts_excluded(claim, passage) is None
