"""Tables of deliveries and their destinations: endpoints, helpdesks and the deliveries to them."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from worker.store.tables.base import JSON_OR_NULL, Serial, id_column, metadata, time_column, workspace_column

endpoint = Table(
    "endpoint",
    metadata,
    id_column(),
    workspace_column(),
    Column("url", Text, nullable=False),
    Column("description", Text),
    Column("events", JSON_OR_NULL),  # types; all without it
    Column("headers", JSON_OR_NULL),  # sent with each callback
    Column("rate_limit", String(32)),  # such as 10/second
    Column("secret", String(200), nullable=False),
    Column("old_secret", String(200)),  # signs too until `old_until`
    time_column("old_until"),
    Column("state", String(16), nullable=False),  # enabled, disabled
    Column("reason", Text),  # why it is disabled
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False, server_default="0"),
    Index("ix_endpoint_list", "workspace_id", "id"),
    info={"purpose": "a webhook endpoint of a workspace"},
)

destination = Table(
    "destination",
    metadata,
    id_column(),  # an endpoint's or a helpdesk's id, or the hash of the origin of callback URLs
    workspace_column(),
    Column("failures", Integer, nullable=False),  # in a row
    time_column("failing_since"),
    time_column("circuit_open_until"),  # nothing is sent before
    time_column("paced_until"),  # up to when its rate is used up,
    info={"purpose": "the circuit state and rate of one destination of deliveries"},
)

_UNSENT = text("state = 'pending'")

delivery = Table(
    "delivery",
    metadata,
    id_column(),  # the webhook-id: the same over all attempts
    workspace_column(),
    Column("kind", String(24), nullable=False, server_default=""),  # worker.states.DeliveryKind
    Column("destination_id", String(48), nullable=False, server_default=""),  # see `destination`
    Column("endpoint_id", String(48), ForeignKey("endpoint.id"), index=True),
    Column("conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), index=True),
    Column("message_id", String(48)),
    Column("ticket", String(100)),  # of the helpdesk, for deliveries to one
    Column("event_id", BigInteger),  # the order of the deliveries of one conversation to one destination
    Column("type", String(64), nullable=False),  # of the event that it reports
    Column("url", Text, nullable=False),
    Column("payload", Text, nullable=False),  # worker.deliveries.payloads
    Column("state", String(16), nullable=False),  # pending, delivered, exhausted
    Column("attempts", Integer, nullable=False),
    Column("round", Integer, nullable=False, server_default="0"),  # attempts before it was last replayed
    Column("lease_token", BigInteger, nullable=False),
    time_column("due_at"),  # next attempt, or the end of the lease of the one under way
    time_column("created_at", nullable=False),
    time_column("finished_at"),
    Index("ix_delivery_due", "destination_id", "due_at", "event_id", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
    Index(
        "ix_delivery_order",
        *("conversation_id", "destination_id", "event_id"),
        sqlite_where=_UNSENT,
        postgresql_where=_UNSENT,
    ),
    Index("ix_delivery_list", "workspace_id", "id"),
    info={"purpose": "a webhook, helpdesk post or notification that is due, was sent or was given up"},
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    workspace_column(),
    Column("delivery_id", String(48), ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    time_column("started_at", nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("status", Integer),
    Column("address", String(64)),
    Column("error", Text),
    Column("response", Text),
    info={"purpose": "one try of a delivery"},
)

helpdesk = Table(
    "helpdesk",
    metadata,
    id_column(),
    workspace_column(),
    Column("name", String(100), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("url", Text, nullable=False),
    Column("token", Text, nullable=False),  # sealed: worker.store.sealing
    Column("webhook_secret", Text, nullable=False),  # likewise
    Column("options", JSON_OR_NULL, nullable=False),  # of its kind
    Column("mode", String(16), nullable=False),  # reply, draft, shadow
    Column("languages", JSON_OR_NULL),  # it may answer in; all without
    Column("hours", JSON_OR_NULL),  # it may answer in; all without
    Column("handoff", JSON_OR_NULL),  # what a ticket gets at a handoff: {status, tags, assignee, group}
    Column("answered", JSON_OR_NULL),  # and when it is answered: {status, tags}
    Column("resume_tag", String(100)),  # gives a ticket back to the bot
    Column("state", String(16), nullable=False),  # enabled, disabled
    time_column("heard_at"),  # when a webhook of its came last, within a minute
    time_column("refused_at"),  # and one that was not signed by it
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False),
    UniqueConstraint("workspace_id", "name"),
    info={"purpose": "a connected helpdesk, Slack channel or mail address"},
)

helpdesk_message = Table(
    "helpdesk_message",
    metadata,
    id_column(),  # of what is written: the delivery's
    workspace_column(),
    Column("helpdesk_id", String(48), ForeignKey("helpdesk.id", ondelete="CASCADE"), nullable=False),
    Column("ticket", String(100), nullable=False),
    Column("external_id", String(200)),  # the helpdesk's; none while it is being written
    Column("direction", String(8), nullable=False),  # in, out
    Column("digest", String(64), nullable=False),  # names its text whatever the helpdesk does to the markup
    time_column("created_at", nullable=False),
    UniqueConstraint("helpdesk_id", "external_id"),
    Index("ix_helpdesk_message_ticket", "helpdesk_id", "ticket", "digest"),
    info={"purpose": "a message of a helpdesk that is known here, so that none is taken or posted twice"},
)

inbound_webhook = Table(
    "inbound_webhook",
    metadata,
    Column("helpdesk_id", String(48), ForeignKey("helpdesk.id", ondelete="CASCADE"), primary_key=True),
    Column("webhook_id", String(200), primary_key=True),  # the helpdesk's, the same over all of its attempts
    workspace_column(),
    time_column("created_at", nullable=False),
    Index("ix_inbound_webhook_created_at", "created_at"),
    info={"purpose": "a webhook of a helpdesk that was received, so that none has an effect twice"},
)

ticket_state = Table(
    "ticket_state",
    metadata,
    Column("helpdesk_id", String(48), ForeignKey("helpdesk.id", ondelete="CASCADE"), primary_key=True),
    Column("ticket", String(100), primary_key=True),
    Column("aspect", String(16), primary_key=True),  # worker.states.TicketAspect
    workspace_column(),
    Column("digest", String(64), nullable=False),  # of the value, so that no agent's name is kept
    time_column("updated_at", nullable=False),
    info={"purpose": "an aspect of a ticket as its helpdesk last reported it, so that only a change has an effect"},
)

#: The conditions of the partial indices above, to be asked for in these words.
UNSENT_DELIVERY = delivery.c.state == literal_column("'pending'")
