"""What a source lists is kept by item, so that a look knows what it has to read."""

import pytest
import sqlalchemy as sa

from tests.worker.sources.site import last_run, look, runner_of
from worker.sources.protocol import Gone, Listing, Unlisted, fetched
from worker.states import RunState
from worker.store.tables import source_item


class Listed:
    """A connector whose items have marks."""

    def __init__(self):
        self.items, self.unlisted, self.gone, self.read_keys = {}, Unlisted.KEPT, (), []
        self.cursors = []

    def listing(self, cursor):
        self.cursors.append(cursor)
        return Listing(items=self.items, unlisted=self.unlisted, gone=self.gone, cursor={"n": len(self.cursors)})

    def read(self, item):
        self.read_keys.append(item.key)
        text = f"{item.key} {self.items.get(item.key)}"
        return fetched(text.encode(), media_type="text/plain", name=item.key, file_name=item.key)

    def close(self):
        pass


@pytest.fixture
def connector():
    return Listed()


@pytest.fixture
def again(store, library, workspace_id, make, centre, sources, connector):
    id = make("page", f"{centre.url}/returns")
    runner = runner_of(store, library, connect=lambda _source: connector)

    def do(**items):
        connector.items = items
        connector.read_keys.clear()
        sources.look(workspace_id, id)
        look(runner, workspace_id)
        run = last_run(store)
        assert run["state"] == RunState.DONE, run["error"]
        return tuple(run[name] for name in ("added", "changed", "unchanged", "gone"))

    return do


def test_an_item_whose_mark_is_the_same_is_not_read(again, connector):
    assert again(a="1", b="1") == (2, 0, 0, 0)
    assert again(a="1", b="2") == (0, 1, 1, 0)
    assert connector.read_keys == ["b"]
    assert again() == (0, 0, 0, 0)


def test_what_a_source_says_is_gone_is_removed(again, connector):
    again(a="1", b="1")
    connector.gone = ("a", "never listed")
    assert again() == (0, 0, 0, 1)


def test_a_listing_of_everything_removes_what_it_does_not_name(again, connector):
    again(a="1", b="1")
    connector.unlisted = Unlisted.GONE
    assert again(b="1") == (0, 0, 1, 1)


def test_the_cursor_moves_on_only_when_nothing_failed(again, connector, monkeypatch):
    again(a="1")
    read = connector.read

    def fail(item):
        raise ValueError

    monkeypatch.setattr(connector, "read", fail)
    again(a="2")
    monkeypatch.setattr(connector, "read", read)
    assert again(a="2") == (0, 1, 0, 0)
    again()
    assert connector.cursors == [None, {"n": 1}, {"n": 1}, {"n": 3}]


def test_an_item_with_a_very_long_address_fails_by_itself(store, again):
    assert again(**{"a": "1", "b" * 2_001: "1"}) == (1, 0, 0, 0)
    assert list(last_run(store)["failed"].values()) == ["Its address has more than 2,000 bytes."]


def test_an_item_that_is_gone_before_it_was_read_is_forgotten(store, again, connector, monkeypatch):
    monkeypatch.setattr(connector, "read", lambda _item: Gone())
    assert again(a="1") == (0, 0, 0, 0)
    with store.read() as connection:
        assert connection.execute(sa.select(source_item.c.key)).all() == []
