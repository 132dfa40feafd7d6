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


def source(kind):
    return Source(
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


@pytest.mark.parametrize("kind", SourceKind)
def test_each_kind_opens_its_connector(kind):
    if kind == SourceKind.S3:
        pytest.importorskip("minio")
    connector = Connectors(guard=LOOPBACK, roots=(), rate=0)(source(kind))
    assert {"listing", "read", "close"} <= set(dir(connector))
    connector.close()
    assert kind in OPTIONS


@pytest.mark.parametrize(("rate", "asked"), [(0, 3.0), (1, 1), (10, 3.0)])
def test_notion_is_asked_no_more_often_than_it_allows(rate, asked):
    connector = Connectors(guard=LOOPBACK, roots=(), rate=rate)(source(SourceKind.NOTION))
    assert connector.web.rate == asked
    connector.close()
