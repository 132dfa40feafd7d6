import pytest

from tests.support.accounts import Outbox, accounts_of, join


@pytest.fixture
def outbox():
    return Outbox()


@pytest.fixture
def accounts(store, outbox):
    return accounts_of(store, outbox)


@pytest.fixture
def ada(accounts, workspace_id):
    """The id of an owner, ada@shop.example."""
    return join(accounts, workspace_id, "ada@shop.example", name="Ada Lovelace")
