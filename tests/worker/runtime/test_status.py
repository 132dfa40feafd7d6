"""The status of the installation."""

from tests.support.fakes import TableClock, accept
from worker.runtime.status import status
from worker.telemetry.counters import Counters
from worker.turns.mailbox import Mailbox


def test_status_has_the_backlog_and_the_leases(store, workspace_id):
    counters = Counters(store)
    assert status(store, counters)["oldest_unanswered_s"] is None
    first = accept(store, workspace_id)
    TableClock.advance(store, 3)
    accept(store, workspace_id)
    Mailbox(store, holder="one").claim(first["conversation_id"])
    found = status(store, counters)
    assert (found["open_messages"], found["oldest_unanswered_s"], found["leases_held"]) == (2, 3.0, 1)
    TableClock.advance(store, 11)
    assert status(store, counters)["leases_held"] == 0, "an expired lease counts as held"
