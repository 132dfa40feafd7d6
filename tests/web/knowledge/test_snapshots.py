"""Published versions of the knowledge base are listed, and an earlier one is activated again."""


def test_a_snapshot_is_activated_by_its_version(call, services):
    workspace_id = services.keys.workspace()
    for number in (1, 2):
        assert call("POST", "/v1/documents", json={"title": f"T{number}", "text": "Body."}).status_code == 202
        services.indexer.index(workspace_id)
    newest, earlier = call("GET", "/v1/snapshots").json["items"]
    assert (newest["documents"], newest["active"], earlier["documents"], earlier["active"]) == (2, True, 1, False)
    activated = call("POST", f"/v1/snapshots/{earlier['version']}/activate")
    assert (activated.json["version"], activated.json["active"]) == (earlier["version"], True)
    assert [each["active"] for each in call("GET", "/v1/snapshots").json["items"]] == [False, True]
    assert call("POST", "/v1/snapshots/none/activate").status_code == 404


def test_activating_needs_an_operators_key(call, services):
    reader = services.keys.make(services.keys.workspace(), name="reader", scopes=("read", "write"))
    refused = call("POST", "/v1/snapshots/none/activate", headers={"Authorization": f"Bearer {reader}"})
    assert refused.status_code == 403
