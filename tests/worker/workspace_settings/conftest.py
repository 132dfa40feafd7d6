import ipaddress

import pytest

from worker.addresses import Guard
from worker.secret_box import SecretBox
from worker.settings import Settings
from worker.workspace_settings.workspace_settings import WorkspaceSettings

#: Hosts that the tests know, with their addresses.
HOSTS = {"models.example": "93.184.216.34", "inside.example": "10.1.2.3", "open.example": "10.9.9.9"}


def resolve(host, _port):
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return [HOSTS[host]]


@pytest.fixture
def guard():
    """The guard of model endpoints: the operator has opened one private network."""
    return Guard(allow=[ipaddress.ip_network("10.9.0.0/16")], resolve=resolve)


@pytest.fixture
def box(tmp_path):
    return SecretBox((), tmp_path / "secret-key")


@pytest.fixture
def make(store, box, guard):
    """Build the settings of workspaces on defaults, as each process does."""

    def build(**defaults):
        return WorkspaceSettings(store, Settings(**defaults), box, guard)

    return build
