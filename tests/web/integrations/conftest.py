import dataclasses
import ipaddress

import pytest


@pytest.fixture
def settings(settings):
    """Settings that let callbacks go to this machine."""
    return dataclasses.replace(settings, callback_allow=(ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
def made(call, receiver):
    """An endpoint that is registered."""
    return call("POST", "/v1/endpoints", json={"url": receiver.url, "description": "the desk"}).json
