"""Ids sort by the time they were made, and no two are alike."""

import re
import time

from worker.ids import is_id, new_id


def test_ids_sort_by_the_millisecond_they_were_made():
    ids = []
    for _ in range(3):
        ids.append(new_id("msg"))
        time.sleep(0.002)
    assert ids == sorted(ids)


def test_ids_of_one_millisecond_differ():
    assert len({new_id("msg") for _ in range(1_000)}) == 1_000


def test_an_id_names_its_kind_and_fits_its_column():
    assert re.fullmatch(r"conv_[0-9a-f]{26}", new_id("conv"))


def test_an_id_is_told_from_other_text():
    assert is_id(new_id("msg"))
    assert is_id("hdm_0f3c2b1a4d5e4f60a1b2c3d4e5f60718")
    assert [text for text in ("", "zzz", "msg_", "msg_1\n", "msg_ä", "1_a") if is_id(text)] == []
