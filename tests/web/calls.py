"""Calls that many tests of the API make."""

import sqlalchemy as sa

from tests.support.fakes import answer


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
