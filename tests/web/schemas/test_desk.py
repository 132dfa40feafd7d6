"""A customer is identified by something, and a memory is small and ends."""

import marshmallow as ma
import pytest

from web.schemas.desk import Customer, NewMemory


def test_a_customer_is_identified_by_id_or_address():
    assert Customer().load({"email": "ada@shop.example"}) == {"email": "ada@shop.example"}
    with pytest.raises(ma.ValidationError, match="Give `id` or `email`") as refused:
        Customer().load({})
    assert list(refused.value.normalized_messages()) == ["id"]


@pytest.mark.parametrize(
    "change", [{"name": "Plan"}, {"name": "plan\n"}, {"importance": 1.5}, {"days": 0}, {"days": 4_000}, {"value": ""}]
)
def test_a_memory_that_cannot_be_kept_is_refused_by_name(change):
    new = {"customer": {"id": "7"}, "name": "plan", "value": "pro"}
    assert NewMemory().load(new)["days"] == 180
    with pytest.raises(ma.ValidationError) as refused:
        NewMemory().load({**new, **change})
    assert list(refused.value.normalized_messages()) == list(change)
