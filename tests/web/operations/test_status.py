"""The status of the installation, for administrators."""


def test_status_is_for_administrators_and_counts_duplicates(call, services):
    key = {"Idempotency-Key": "one"}
    for _ in range(3):
        assert call("POST", "/v1/tickets", json={"body": "Hi"}, headers=key).status_code == 202
    services.counters.flush()
    status = call("GET", "/v1/status").json
    assert status["counters"]["duplicates_refused"] == 2
    assert status["open_messages"] == 1
    assert status["oldest_unanswered_s"] >= 0
    writer = services.keys.make(services.keys.workspace(), name="w", scopes=["read", "write"])
    call.key = writer
    assert call("GET", "/v1/status").status_code == 403
