"""The status of the installation, for administrators."""


def test_status_is_for_administrators_and_counts_duplicates(call, built):
    key = {"Idempotency-Key": "one"}
    for _ in range(3):
        assert call("POST", "/v1/tickets", json={"body": "Hi"}, headers=key).status_code == 202
    built.counters.flush()
    shown = call("GET", "/v1/status").json
    assert shown["counters"]["duplicates_refused"] == 2
    assert shown["open_messages"] == 1
    assert shown["oldest_unanswered_s"] >= 0
    writer = built.keys.make(built.keys.workspace(), name="w", scopes=["read", "write"])
    call.key = writer
    assert call("GET", "/v1/status").status_code == 403
