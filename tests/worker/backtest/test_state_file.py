"""The state of a run survives its process, and never mixes two runs."""

import pytest

from worker.backtest import state_file
from worker.backtest.results import Ending, Result
from worker.errors import Conflict

ABOUT = {"file": "x", "snapshot": "1-a"}


def result(number):
    return Result(number=number, location=f"line {number}", question="é", human="b", ending=Ending.ANSWERED, answer="c")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.state.jsonl"


def opened(path, about=ABOUT, **options):
    return state_file.opened(path, about, **{"restart": False, **options})


def test_results_are_there_again_with_the_same_run(path):
    with opened(path) as state:
        run = state.run
        state.add(result(3))
    with opened(path) as state:
        assert (state.run, state.done) == (run, {3: result(3)})
    assert path.stat().st_mode & 0o077 == 0


def test_a_line_that_was_cut_short_is_dropped_and_what_follows_is_whole(path):
    with opened(path) as state:
        state.add(result(1))
        state.add(result(2))
    for cut in (5, 40):
        whole = path.read_bytes()
        path.write_bytes(whole[:-cut])
        with opened(path) as state:
            assert set(state.done) == {1}
            state.add(result(2))
        with opened(path) as state:
            assert set(state.done) == {1, 2}


def test_a_first_line_that_was_cut_short_begins_anew(path):
    path.write_text('{"version": 1, "ru')
    with opened(path) as state:
        assert state.done == {}
        state.add(result(1))
    with opened(path) as state:
        assert set(state.done) == {1}


def test_results_of_another_run_are_neither_used_nor_lost(path):
    with opened(path) as state:
        state.add(result(1))
    with pytest.raises(Conflict, match=r"snapshot \(1-a, now 2-b\)"), opened(path, {**ABOUT, "snapshot": "2-b"}):
        pass
    with opened(path) as state:
        assert set(state.done) == {1}
    with opened(path, {**ABOUT, "snapshot": "2-b"}, restart=True) as state:
        assert state.done == {}


def test_a_file_of_something_else_is_not_overwritten(path):
    path.write_text("my notes\n")
    with pytest.raises(Conflict, match="not the state"), opened(path):
        pass
    assert path.read_text() == "my notes\n"


def test_two_at_once_do_not_write_one_file(path):
    with opened(path), pytest.raises(Conflict, match="another backtest"), opened(path):
        pass
