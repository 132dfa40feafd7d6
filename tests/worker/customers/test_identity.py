"""A customer is the same one in every conversation, by the desk's id or the e-mail address."""

import pytest

from worker.customers.identity import customer_of


@pytest.mark.parametrize(
    ("facts", "customer"),
    [
        ({"id": "42", "email": "ada@shop.example"}, "id:42"),
        ({"email": " Ada@Shop.example "}, "email:ada@shop.example"),
        ({"name": "Ada"}, None),
        ({}, None),
    ],
)
def test_the_desks_id_comes_before_the_address(facts, customer):
    assert customer_of(facts) == customer


def test_a_key_fits_its_column():
    assert len(customer_of({"id": "x" * 500}) or "") == 320
