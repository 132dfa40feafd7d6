"""Fixtures of the console's tests."""

import pytest

from tests.support.stack import KEY
from tests.web.console.browser import Browser


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
