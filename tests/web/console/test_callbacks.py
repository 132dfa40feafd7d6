"""Endpoints and deliveries."""

import re


def test_endpoints_are_created_tested_and_deleted_and_secrets_are_shown_once(browser, writer, call):
    refused = browser.post("/console/callbacks", url="http://127.0.0.1/x")
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    made = browser.post("/console/callbacks", url="https://shop.example/hook", events="message.answered")
    assert re.search(r"whsec_[A-Za-z0-9+/=]+", made.text)
    (endpoint,) = call("GET", "/v1/endpoints").json["items"]
    assert endpoint["events"] == ["message.answered"]
    page = browser.get("/console/callbacks").text
    assert "https://shop.example/hook" in page
    assert "whsec_" not in page
    tried = browser.post(f"/console/callbacks/{endpoint['id']}/test")
    page = browser.get(tried.headers["Location"]).text
    assert "message.answered" in page
    assert "<dd>endpoint</dd>" in page
    assert '<span class="muted">endpoint</span>' in browser.get("/console/callbacks").text
    assert "&#34;example&#34;: true" in page
    again = browser.post(tried.headers["Location"] + "/replay")
    assert again.status_code == 409
    assert "waits for its first attempt" in again.text
    assert browser.post(f"/console/callbacks/{endpoint['id']}/disable").status_code == 303
    assert browser.post(f"/console/callbacks/{endpoint['id']}/test").status_code == 409
    assert "whsec_" in browser.post(f"/console/callbacks/{endpoint['id']}/rotate").text
    assert browser.post(f"/console/callbacks/{endpoint['id']}/rotate").status_code == 409
    assert writer.post(f"/console/callbacks/{endpoint['id']}/remove").status_code == 403
    browser.post(f"/console/callbacks/{endpoint['id']}/remove")
    assert call("GET", "/v1/endpoints").json["items"] == []


def test_of_an_ed25519_endpoint_the_public_key_is_shown_and_never_the_private_one(browser, call):
    made = call("POST", "/v1/endpoints", json={"url": "https://shop.example/hook", "signature": "ed25519"}).json
    page = browser.post(f"/console/callbacks/{made['id']}/rotate").text
    assert call("GET", f"/v1/endpoints/{made['id']}").json["public_key"].replace("+", "&#43;") in page.replace(
        "+", "&#43;"
    )
    assert "whsk_" not in page
