"""Request ids, times and CORS."""


def test_every_response_has_its_id_and_time(call):
    response = call("GET", "/healthz", headers={"X-Request-ID": "my-request_1"})
    assert response.headers["X-Request-ID"] == "my-request_1"
    assert float(response.headers["X-Process-Time"]) >= 0
    for bad in ("a b", "x" * 200, "<script>"):
        assert call("GET", "/healthz", headers={"X-Request-ID": bad}).headers["X-Request-ID"] != bad


def test_browsers_of_allowed_origins_may_call(settings):
    from dataclasses import replace

    from web import create_app

    client = create_app(replace(settings, cors_origins=("https://desk.example",))).test_client()
    headers = {"Origin": "https://desk.example", "Access-Control-Request-Method": "POST"}
    allowed = client.options("/v1/tickets", headers=headers)
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://desk.example"
    other = client.options("/v1/tickets", headers=headers | {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
