from worker.answering.check.name_lists import first_added

PASSAGE = "We deliver to France, Spain and Portugal within four days. Visa and Amex are taken in Italy."


def test_a_country_that_is_slipped_into_a_list_is_found():
    assert first_added("We deliver to France, Spain, Italy and Portugal.", PASSAGE) == "italy"


def test_the_same_list_in_another_order_or_shortened_is_true():
    assert first_added("We deliver to Portugal, France and Spain.", PASSAGE) is None
    assert first_added("We deliver to Spain and France.", PASSAGE) is None


def test_a_list_of_what_is_not_so_adds_nothing():
    assert first_added("We don't deliver to France, Spain, Italy and Portugal alike.", PASSAGE) is None
