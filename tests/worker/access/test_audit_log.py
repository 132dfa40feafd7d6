"""The audit log says who did what, and to which object."""

import pytest

from worker.access.audit_log import AuditLog
from worker.access.keys import Keys


@pytest.fixture
def log(store) -> AuditLog:
    return AuditLog(store)


def test_an_action_is_recorded_with_the_name_of_its_key(log, store, workspace_id):
    keys = Keys(store)
    keys.make(workspace_id, name="grace's key")
    key_id = keys.all()[-1]["id"]
    log.record(workspace_id, action="endpoints.rotate", via="api", subject="ep_1", key_id=key_id, request_id="req-1")
    (entry,), cursor = log.page(workspace_id)
    assert (entry["actor"], entry["key_id"], entry["via"]) == ("grace's key", key_id, "api")
    assert (entry["action"], entry["subject"], entry["request_id"]) == ("endpoints.rotate", "ep_1", "req-1")
    assert entry["created_at"].endswith("Z")
    assert cursor is None


def test_what_was_typed_at_a_shell_names_its_user_and_is_cut(log, workspace_id):
    log.record(workspace_id, action="keys.make", via="cli", actor="ada" * 100, subject="x" * 500)
    (entry,), _ = log.page(workspace_id)
    assert (entry["actor"], entry["key_id"]) == (("ada" * 100)[:200], None)
    assert len(entry["subject"]) == 200


def test_pages_are_newest_first_and_of_one_workspace(log, store, workspace_id):
    for number in range(3):
        log.record(workspace_id, action=f"a.{number}", via="cli")
    log.record(Keys(store).workspace("other"), action="b", via="cli")
    first, cursor = log.page(workspace_id, limit=2)
    rest, end = log.page(workspace_id, after=cursor, limit=2)
    assert {entry["action"] for entry in first + rest} == {"a.0", "a.1", "a.2"}
    assert [len(first), len(rest), end] == [2, 1, None]
