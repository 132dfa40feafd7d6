"""Helpers of the tests of deliveries."""

import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, record_resumed
from worker.addresses import Guard
from worker.deliveries.sender import Sender
from worker.deliveries.webhooks import Webhooks
from worker.store.tables import delivery


class DueSender:
    """Sends what is due, one destination after the other."""

    def __init__(self, store, *, guard: Guard = LOOPBACK):
        self.sender = Sender(store, jitter=lambda: 0.5)
        self._guard = guard

    def send_due(self) -> int:
        """Send until nothing is due; return how many attempts that took."""
        count, transport = 0, Webhooks(self._guard)
        for destination in self.sender.due_destinations():
            while self.sender.send(destination, transport) is not None:
                count += 1
        transport.close()
        return count


def row_of(store):
    with store.read() as connection:
        return connection.execute(sa.select(delivery)).mappings().one()


def enqueue_again(store, conversation_id, count):
    """Record that a conversation was resumed, `count` times; return the ids of all such deliveries."""
    with store.begin() as tx:
        for _ in range(count):
            record_resumed(tx, conversation_id, now=store.now(tx))
        ids = sa.select(delivery.c.id).where(delivery.c.type == "conversation.resumed").order_by(delivery.c.event_id)
        return list(tx.execute(ids).scalars())


def got_ids(receiver) -> list[str]:
    return [headers["webhook-id"] for headers, _body in receiver.got]


def rows_in(store, state) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).where(delivery.c.state == state)).scalar_one()
