"""One person has one account, however they type their address."""

import pytest

from worker.accounts.addresses import normalised, normalised_name
from worker.errors import Invalid


@pytest.mark.parametrize("typed", ["ada@shop.example", " Ada@Shop.Example\n", "ADA@SHOP.EXAMPLE"])
def test_case_and_spaces_make_no_second_account(typed):
    assert normalised(typed) == "ada@shop.example"


@pytest.mark.parametrize(
    "typed", ["", "ada", "a@", "@b", "a@b@c", "a b@c.de", "Ada <a@b.c>", "a@b.c,d@e.f", "a" * 250 + "@b.c", "a\n@b.c"]
)
def test_what_is_no_address_is_refused_with_its_field(typed):
    with pytest.raises(Invalid) as refused:
        normalised(typed)
    assert refused.value.field == "email"


def test_a_name_is_one_line_that_somebody_can_read():
    assert normalised_name("  Grace \n Hopper ") == "Grace Hopper"
    for name in (" ", "x" * 201, "a\u202eb"):
        with pytest.raises(Invalid):
            normalised_name(name)
