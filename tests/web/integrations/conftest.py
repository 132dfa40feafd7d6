import dataclasses
import ipaddress

import pytest

from tests.support.helpdesks import FAKES
from tests.support.stories import Story


@pytest.fixture
def settings(settings):
    """Settings that let callbacks go to this machine."""
    return dataclasses.replace(settings, callback_allow=(ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
def made(call, receiver):
    """An endpoint that is registered."""
    return call("POST", "/v1/endpoints", json={"url": receiver.url, "description": "the desk"}).json


@pytest.fixture(params=sorted(FAKES))
def fake(request):
    server = FAKES[request.param]()
    yield server
    server.shutdown()
    server.server_close()
    assert server.faults == []


@pytest.fixture
def story(call, services, fake):
    return Story(call, services, fake)
