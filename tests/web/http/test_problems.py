"""Errors as problem details: no internals leak, and each names the invalid field."""

import io


def test_unknown_routes_and_methods_are_problems_too(call):
    for method, path, status in (
        ("GET", "/v1/none", 404),
        ("DELETE", "/v1/tickets", 405),
        ("GET", "/v1/messages/x\x00y", 404),
    ):
        response = call(method, path)
        assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert "POST" in call("DELETE", "/v1/tickets").headers["Allow"]


def test_an_internal_error_leaks_no_details(call, services, monkeypatch):
    def fail(*_arguments, **_options):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(services.library, "snapshots", fail)
    response = call("GET", "/v1/snapshots")
    assert (response.status_code, response.json["code"]) == (500, "internal")
    assert "secret" not in response.text


def test_an_unavailable_database_is_a_503_with_retry_after(call, services, monkeypatch):
    from worker.errors import DatabaseUnavailable

    def away(*_arguments, **_options):
        raise DatabaseUnavailable

    monkeypatch.setattr(services.intake, "submit", away)
    response = call("POST", "/v1/tickets", json={"body": "x"})
    assert (response.status_code, response.json["code"]) == (503, "database_unavailable")
    assert response.headers["Retry-After"]


def test_a_problem_names_the_field_at_fault(call):
    for method, path, given, field in (
        ("POST", "/v1/tickets", {"json": {"body": "x", "callback_url": "http://10.0.0.1/"}}, "callback_url"),
        ("POST", "/v1/endpoints", {"json": {"url": "http://10.0.0.1/"}}, "url"),
        ("POST", "/v1/imports", {"json": {"sitemap": "http://10.0.0.1/"}}, "sitemap"),
        ("POST", "/v1/documents", {"data": {"file": (io.BytesIO(b"\x00\x01"), "x.pdf")}}, "file"),
    ):
        response = call(method, path, **given)
        assert response.status_code == 422, path
        assert [error["field"] for error in response.json["errors"]] == [field]
    first = {"headers": {"Idempotency-Key": "a"}, "json": {"body": "x"}}
    assert call("POST", "/v1/tickets", **first).status_code == 202
    other = call("POST", "/v1/tickets", **{**first, "json": {"body": "y"}})
    assert [error["field"] for error in other.json["errors"]] == ["Idempotency-Key"]
