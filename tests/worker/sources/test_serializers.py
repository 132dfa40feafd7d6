"""The API shows a source without its token."""

from worker.sources.serializers import source_to_api
from worker.states import SourceKind, SourceState
from worker.store.rows import Source


def test_a_token_is_never_shown():
    row = Source(
        id="s",
        workspace_id="w",
        name="n",
        kind=SourceKind.GIT,
        location="https://a.example",
        token="secret",
        options={"branch": "main"},
        metadata={},
        interval_s=60,
        state=SourceState.PAUSED,
        failures=0,
        attempts=0,
        lease_token=0,
        due_at=5,
        created_at=0,
        updated_at=0,
    )
    shown = source_to_api(row, documents=0, run=None)
    assert "secret" not in str(shown)
    assert (shown["has_token"], shown["branch"], shown["next_look_at"]) == (True, "main", None)
