"""Fixtures of the console's tests."""

import pytest

from tests.support.accounts import PASSWORD, join
from tests.support.stack import KEY
from tests.web.console.browser import Browser, Person
from worker.states import AccountRole


@pytest.fixture
def browser(app, services):
    services.keys.make(services.keys.workspace(), name="test", key=KEY)
    made = Browser(app)
    assert made.log_in().status_code == 303
    return made


@pytest.fixture
def reader(app, services):
    made = Browser(app, services.keys.make(services.keys.workspace(), name="reader", scopes=["read"]))
    made.log_in()
    return made


@pytest.fixture
def writer(app, services):
    made = Browser(app, services.keys.make(services.keys.workspace(), name="writer", scopes=["read", "write"]))
    made.log_in()
    return made


@pytest.fixture
def person(app, services):
    """Log people in: `person("agent")` is a browser of an agent, agent@shop.example."""

    def do(role: str, *, name: str = "", email: str = "") -> Person:
        email = email or f"{role}@shop.example"
        workspace_id = services.keys.workspace()
        join(services.accounts, workspace_id, email, AccountRole(role), name=name or role.title())
        made = Person(app, email, PASSWORD)
        assert made.log_in().status_code == 303
        return made

    return do
