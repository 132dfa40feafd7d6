from worker.helpdesks.kinds import KINDS
from worker.helpdesks.options import OPTIONS


def test_every_connector_can_be_connected_and_every_kind_has_a_connector():
    assert set(OPTIONS) == set(KINDS)
