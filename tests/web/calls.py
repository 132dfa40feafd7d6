"""Helpers of the API's tests."""

import sqlalchemy as sa

from tests.support.fakes import answer
from worker.answering.chat_api.spending import Spender, Spending


def rows(services, table) -> int:
    with services.store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def submit(call, body="How do I reset my password?", **fields):
    response = call("POST", "/v1/tickets", json={"body": body, **fields})
    assert response.status_code == 202, response.text
    return response.json


def answer_all(services, outcome=None) -> None:
    while (claim := services.mailbox.claim_any()) is not None:
        services.mailbox.finish(claim, outcome or answer("Yes."))


def spend(services, message, usage):
    """Record the usage of one model call for a message."""
    spender = Spender(
        workspace_id=services.keys.workspace(),
        conversation_id=message["conversation_id"],
        message_id=message["id"],
        key_id="key_1",
    )
    with Spending(services.store).call(spender, max_usage=usage) as account:
        account.usage = usage


def send_due(services) -> None:
    """Send the deliveries that are due, as a worker would."""
    for destination in services.sender.due_destinations():
        transport = services.open_transport()
        while services.sender.send(destination, transport) is not None:
            pass
        transport.close()
