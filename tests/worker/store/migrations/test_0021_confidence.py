"""Migration 0021 keeps replies, on its way up and down."""

import sqlalchemy as sa
from alembic import command

from tests.support.databases import move, rows, store_reply

BEFORE, AFTER = "0020", "0021"


def test_an_upgrade_keeps_replies_and_a_downgrade_forgets_their_confidence(store):
    move(store, command.upgrade, BEFORE)
    store_reply(store)
    move(store, command.upgrade, AFTER)
    assert rows(store, "SELECT id, content, confidence FROM reply") == [("r", "By card.", None)]
    move(store, command.downgrade, BEFORE)
    assert rows(store, "SELECT id, content FROM reply") == [("r", "By card.")]
    assert "confidence" not in {column["name"] for column in sa.inspect(store.engine).get_columns("reply")}
