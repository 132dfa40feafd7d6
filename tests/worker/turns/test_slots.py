"""A process takes no more turns at once than it has slots, and a slot is free again after a failure."""

import pytest

from worker.turns.slots import Slots


def test_no_more_slots_are_taken_than_there_are():
    slots = Slots(1)

    with slots.take() as first, slots.take() as second:
        assert (first, second, slots.free) == (True, False, 0)

    assert slots.free == 1


def test_a_slot_is_free_again_after_a_failure():
    slots = Slots(1)

    with pytest.raises(ZeroDivisionError), slots.take():
        raise ZeroDivisionError

    assert slots.free == 1
