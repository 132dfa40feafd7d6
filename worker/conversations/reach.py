"""Say whether an agent's reply can reach the customer of a conversation."""

from worker.deliveries import outbox
from worker.deliveries.tickets import writable_ticket
from worker.states import EventType
from worker.store.scope import Scope
from worker.store.tables import conversation

#: Channels whose customers read the conversation itself: the widget, and clients of the API.
_READ_HERE = (None, "api", "chat", "widget")


def obstacle(scope: Scope, conversation_id: str) -> str | None:
    """Return why a reply reaches nobody, as a sentence for the agent; None when something carries it.

    Raises:
        NotFound: the workspace has no such conversation.
    """
    columns = (conversation.c.channel, conversation.c.helpdesk_id)
    row = scope.get(conversation, conversation_id, columns=columns)
    with scope.store.read() as tx:
        carried = writable_ticket(tx, conversation_id) or outbox.subscribers(
            tx, scope.workspace_id, f"message.{EventType.REPLIED}"
        )
    if carried:
        return None
    if row["helpdesk_id"] is not None:
        return "The helpdesk of this ticket is disabled or in shadow mode, so a reply stays here."
    if row["channel"] in _READ_HERE:
        return None
    return f"Nothing is connected that carries replies to the channel “{row['channel']}”, so a reply stays here."
