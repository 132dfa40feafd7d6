"""Every kind of source has a connector and options."""

import pytest

from tests.worker.sources.site import LOOPBACK
from worker.sources.kinds import OPTIONS, Connectors
from worker.states import SourceKind, SourceState
from worker.store.rows import Source

LOCATIONS = {
    SourceKind.NOTION: "https://api.notion.com",
    SourceKind.CHATWOOT: "https://a.example/hc/help/en",
    SourceKind.S3: "https://a.example/bucket",
}


@pytest.mark.parametrize("kind", SourceKind)
def test_each_kind_opens_its_connector(kind):
    if kind == SourceKind.S3:
        pytest.importorskip("minio")
    row = Source(
        id="s",
        workspace_id="w",
        name="n",
        kind=kind,
        location=LOCATIONS.get(kind, "https://a.example"),
        options={},
        metadata={},
        interval_s=60,
        state=SourceState.IDLE,
        failures=0,
        attempts=0,
        lease_token=0,
        created_at=0,
        updated_at=0,
    )
    connector = Connectors(guard=LOOPBACK, roots=(), rate=0)(row)
    assert {"listing", "read", "close"} <= set(dir(connector))
    connector.close()
    assert kind in OPTIONS
