"""Whether what is about to be written is still to be written, and by this attempt."""

import sqlalchemy as sa

from worker.states import ConnectionState, DeliveryKind, DeliveryState, HelpdeskMode, Role
from worker.store.engine import Store
from worker.store.rows import Delivery, Helpdesk
from worker.store.tables import delivery, message


def obsolete(store: Store, connection: Helpdesk, sent: Delivery) -> str | None:
    """Return why nothing is to be written any more, or None."""
    if connection.state != ConnectionState.ENABLED or connection.mode == HelpdeskMode.SHADOW:
        return "The helpdesk is switched off, or only watched."
    if sent.kind not in (DeliveryKind.TICKET_REPLY, DeliveryKind.TICKET_CHANGE):
        return None
    agents = sa.select(message.c.id).where(
        message.c.conversation_id == sent.conversation_id,
        message.c.role == Role.AGENT,
        message.c.created_at >= sent.created_at,
    )
    with store.read() as tx:
        return "An agent answered first." if tx.execute(agents).first() is not None else None


def is_held(store: Store, sent: Delivery) -> bool:
    """Whether the lease of this attempt still holds."""
    held = sa.select(delivery.c.id).where(
        delivery.c.id == sent.id,
        delivery.c.lease_token == sent.lease_token,
        delivery.c.state == DeliveryState.PENDING,
    )
    with store.read() as connection:
        return connection.execute(held).first() is not None
