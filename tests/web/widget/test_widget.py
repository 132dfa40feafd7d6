"""The chat widget: allowed origins, sessions and limits."""

import gzip
import json
import re
import time
from dataclasses import replace

import pytest

from tests.support.fakes import answer
from tests.support.services import override, parts_of
from tests.support.stack import KEY
from tests.web.conftest import Client
from web import create_app
from worker.access.tokens import Tokens
from worker.settings import Settings
from worker.translations import LANGUAGES

SHOP = "https://shop.example"


@pytest.fixture
def visit(settings):
    """Start sessions at an installation with other settings."""
    made = []

    def do(origin=SHOP, token=None, **changes):
        if not made or changes:
            made.append(create_app(replace(settings, **changes)))
        headers = {"Origin": origin} if origin else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return made[-1].test_client().post("/widget/sessions", headers=headers)

    do.app = lambda: made[-1]
    yield do
    for app in made:
        app.extensions["answerback"].close(timeout_s=0.1)


def test_a_visitor_gets_a_conversation_and_its_token(visit):
    begun = visit(widget_origins=(SHOP,))
    assert begun.status_code == 201
    assert begun.headers["Access-Control-Allow-Origin"] == SHOP
    conversation_id = begun.json["conversation_id"]
    visitor = Client(visit.app().test_client(), begun.json["token"])
    path = f"/v1/conversations/{conversation_id}/messages"
    written = visitor("POST", path, json={"content": "Hi"}, headers={"Origin": SHOP})
    assert written.status_code == 202
    services = parts_of(visit.app())
    services.mailbox.finish(services.mailbox.claim(conversation_id), answer())
    assert [item["role"] for item in visitor("GET", path, headers={"Origin": SHOP}).json["items"]] == [
        "customer",
        "assistant",
    ]
    assert visitor("GET", path, headers={"Origin": "https://evil.example"}).status_code == 401
    other = visit().json["conversation_id"]
    assert visitor("GET", f"/v1/conversations/{other}/messages", headers={"Origin": SHOP}).status_code == 404


def test_pages_of_other_origins_are_rejected(visit):
    assert visit().status_code == 401
    assert visit(widget_origins=(SHOP,)).status_code == 201
    refused = visit("https://evil.example")
    assert refused.status_code == 401
    assert "ANSWERBACK_WIDGET_ORIGINS" in refused.json["detail"]
    assert visit("null").status_code == 401
    assert visit("https://evil.example", widget_origins=("*",)).status_code == 201


def test_the_demo_is_for_development(visit):
    own = "http://localhost"
    assert visit(own).status_code == 201
    page = visit.app().test_client().get("/demo")
    assert page.status_code == 200
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert visit(own, demo=False).status_code == 401
    assert visit(None).status_code == 401
    assert visit.app().test_client().get("/demo").status_code == 404
    assert not Settings(database_url="postgresql://db.example/answerback").with_demo


def test_a_session_is_renewed_with_its_token_only(visit, call):
    begun = visit(widget_origins=(SHOP, "https://other.example")).json
    again = visit(token=begun["token"])
    assert again.json["conversation_id"] == begun["conversation_id"]
    assert visit(token="abt_forged").status_code == 401
    assert visit("https://other.example", token=begun["token"]).status_code == 401


def test_a_token_created_by_a_shop_cannot_be_renewed(visit):
    visit(widget_origins=(SHOP,))
    services = visit.app().extensions["answerback"]
    services.keys.make(services.keys.workspace(), name="shop", key=KEY)
    shop = Client(visit.app().test_client())
    conversation_id = shop("POST", "/v1/conversations", json={"requester": {"id": "4711"}}).json["id"]
    made = shop("POST", f"/v1/conversations/{conversation_id}/token", json={"expires_in_s": 60, "origin": SHOP}).json[
        "token"
    ]
    assert visit(token=made).status_code == 401


def test_a_session_ends_after_a_month_despite_renewals(visit):
    begun = visit(widget_origins=(SHOP,)).json
    services = visit.app().extensions["answerback"]
    token, step = begun["token"], 0.9 * 86_400
    for number in range(1, 34):
        override(visit.app(), tokens=Tokens(services.store, clock=lambda number=number: time.time() + number * step))
        token = visit(token=token).json["token"]
    override(visit.app(), tokens=Tokens(services.store, clock=lambda: time.time() + 34 * step))  # 30.6 days
    assert visit(token=token).status_code == 401


def test_an_erased_conversation_cannot_be_continued(visit):
    begun = visit(widget_origins=(SHOP,)).json
    services = visit.app().extensions["answerback"]
    services.keys.make(services.keys.workspace(), name="shop", key=KEY)
    shop = Client(visit.app().test_client())
    assert shop("DELETE", f"/v1/conversations/{begun['conversation_id']}").status_code == 204
    assert visit(token=begun["token"]).status_code == 401


def test_revoking_the_widgets_key_disables_the_widget(visit):
    begun = visit(widget_origins=(SHOP,)).json
    services = visit.app().extensions["answerback"]
    (key,) = [key for key in services.keys.all() if key["name"] == "widget"]
    assert key["scopes"] == []
    services.keys.revoke(key["id"])
    assert visit().status_code == 401
    assert visit(token=begun["token"]).status_code == 401
    visitor = Client(visit.app().test_client(), begun["token"])
    path = f"/v1/conversations/{begun['conversation_id']}/messages"
    assert visitor("GET", path, headers={"Origin": SHOP}).status_code == 401


def test_conversations_per_address_are_limited_and_renewals_are_not(visit):
    begun = visit(widget_origins=(SHOP,), rate_limit=None).json
    assert [visit().status_code for _ in range(40)].count(429) == 11
    assert visit(token=begun["token"]).status_code == 201


def test_behind_a_proxy_limits_apply_to_the_visitors_address(settings):
    for proxies, refused in ((0, 11), (1, 0)):
        app = create_app(replace(settings, widget_origins=(SHOP,), proxies=proxies))
        client = app.test_client()
        codes = [
            client.post("/widget/sessions", headers={"Origin": SHOP, "X-Forwarded-For": f"10.0.0.{number}"}).status_code
            for number in range(41)
        ]
        assert codes.count(429) == refused
        app.extensions["answerback"].close(timeout_s=0.1)


def test_a_new_key_named_widget_enables_the_widget_again(visit):
    visit(widget_origins=(SHOP,))
    services = visit.app().extensions["answerback"]
    (key,) = [key for key in services.keys.all() if key["name"] == "widget"]
    services.keys.revoke(key["id"])
    assert visit().status_code == 401
    services.keys.make(services.keys.workspace(), name="widget", scopes=())
    assert visit().status_code == 201


def test_texts_are_served_to_any_origin_in_the_languages_that_the_script_knows(app):
    client = app.test_client()
    script = client.get("/widget.js").text
    known = json.loads(re.search(r"TRANSLATED ?= ?(\[[^\]]*\])", script)[1])
    assert ["en", *known] == list(LANGUAGES)
    for language in known:
        served = client.get(f"/widget/texts/{language}.json", headers={"Origin": "https://any.example"})
        assert served.headers["Access-Control-Allow-Origin"] == "*"
        assert "max-age=300" in served.headers["Cache-Control"]
        assert served.json["Sources"]
    assert client.get("/widget/texts/de.json").json["Send"] == "Senden"


@pytest.mark.parametrize("language", ["en", "ja", "..%2Fde", "DE"])
def test_there_are_no_texts_in_other_languages(app, language):
    assert app.test_client().get(f"/widget/texts/{language}.json").status_code == 404


def test_the_script_is_served_to_any_origin_and_is_small(app):
    served = app.test_client().get("/widget.js")
    assert served.headers["Access-Control-Allow-Origin"] == "*"
    assert served.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "javascript" in served.headers["Content-Type"]
    compressed = app.test_client().get("/widget.js", headers={"Accept-Encoding": "gzip, br"})
    assert (compressed.headers["Content-Encoding"], compressed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(compressed.data) == served.data
    assert len(compressed.data) < 14_000
    for never in ("innerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert never not in served.text
