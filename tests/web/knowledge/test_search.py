"""Search, when no worker answers."""


def test_searching_without_a_worker_is_a_503(call, services):
    services.search_client._timeout_s = 0.2
    response = call("POST", "/v1/search", json={"query": "cookies"})
    assert (response.status_code, response.json["code"]) == (503, "no_worker")
