"""What lives as long as the process is not looked through by the garbage collector."""

import gc

import pytest

from worker.runtime.collector import freeze


@pytest.fixture
def thresholds():
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("thresholds")
def test_what_exists_is_exempt_and_what_comes_later_is_still_collected():
    frozen = gc.get_freeze_count()
    freeze()
    assert gc.get_freeze_count() > frozen
    assert gc.get_threshold()[0] == 20_000

    class Node:
        me: "Node"

    node = Node()
    node.me = node
    del node
    assert gc.collect() > 0
