"""What a visitor may do with a conversation token: leave an address, say what they saw, upload a few files."""

import io
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.support.services import parts_of
from tests.web.conftest import Client
from web import create_app
from web.http import audience
from web.streaming.feeds import ConversationFeed
from worker.conversations import attachments, contacts
from worker.deliveries.tickets import external_id
from worker.mailboxes.visitor_mail import VisitorMail
from worker.store.scope import Scope
from worker.store.tables import attachment, visitor_contact

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
SHOP = "https://shop.example"


class Visitor:
    """A visitor on a page of the shop, with the chat open."""

    def __init__(self, app):
        self.app = app
        begun = app.test_client().post("/widget/sessions", headers={"Origin": SHOP}).json
        self.id, self.client = begun["conversation_id"], Client(app.test_client(), begun["token"])

    def __call__(self, method, path, **options):
        return self.client(method, path.format(id=self.id), headers={"Origin": SHOP}, **options)

    def state(self):
        return self("GET", "/widget/conversations/{id}").json

    def upload(self, data, name):
        return self("POST", "/v1/attachments", data={"file": (io.BytesIO(data), name)})


@pytest.fixture
def shop_app(settings):
    made = create_app(replace(settings, widget_origins=(SHOP,), smtp_url="smtp://127.0.0.1:1"))
    yield made
    made.extensions["answerback"].close(timeout_s=0.1)


@pytest.fixture
def visitor(shop_app):
    return Visitor(shop_app)


def test_a_visitor_leaves_an_address_and_says_what_they_saw(visitor):
    assert visitor.state() == {"owner": "bot", "email": None, "can_mail": True, "files": []}
    left = visitor("PUT", "/widget/conversations/{id}/contact", json={"email": "Ann@Shop.example"})
    assert (left.status_code, left.json) == (200, {"email": "ann@shop.example"})
    assert visitor.state()["email"] == "ann@shop.example"
    assert visitor("PUT", "/widget/conversations/{id}/seen", json={"seq": 3}).status_code == 200


def test_what_is_no_address_is_refused(visitor):
    long = f"{'a' * 250}@b.example"
    for email in ("", "ann", "a@b", long, "a@b.example, c@d.example", "a@b.example\nBcc: x"):
        refused = visitor("PUT", "/widget/conversations/{id}/contact", json={"email": email})
        assert refused.status_code == 422, email
    assert visitor.state()["email"] is None


def test_another_visitor_reaches_none_of_it(shop_app, visitor):
    other = Visitor(shop_app)
    for method, path in (("GET", ""), ("PUT", "/contact"), ("PUT", "/seen")):
        url = f"/widget/conversations/{visitor.id}{path}"
        assert other(method, url, json={"email": "eve@evil.example", "seq": 1}).status_code == 404
    assert shop_app.test_client().get(f"/widget/conversations/{visitor.id}").status_code == 401


def test_a_picture_is_kept_with_the_conversation_and_named_to_its_visitor(shop_app, visitor):
    made = visitor.upload(PNG, "shoe.png")
    assert (made.status_code, made.json["conversation_id"]) == (201, visitor.id)
    path = f"/v1/conversations/{visitor.id}/messages"
    assert visitor("POST", path, json={"content": "This one", "attachments": [made.json["id"]]}).status_code == 202
    assert visitor.state()["files"] == [{"id": made.json["id"], "name": "shoe.png", "size": len(PNG)}]
    other = Visitor(shop_app)
    refused = other(
        "POST", f"/v1/conversations/{other.id}/messages", json={"content": "x", "attachments": [made.json["id"]]}
    )
    assert refused.status_code == 422


def test_files_are_told_by_their_content(visitor):
    for data, name, status in (
        (b"MZ\x90", "setup.exe", 415),
        (b"<svg onload=alert(1)>", "a.svg", 415),
        (b"<html><script>", "shoe.png", 422),
        (b"GIF89a", "shoe.jpg", 422),
        (b"", "empty.txt", 422),
        (PNG + b"\0" * (10 << 20), "large.png", 413),
    ):
        assert visitor.upload(data, name).status_code == status, name
    assert visitor.state()["files"] == []


def test_a_conversation_takes_so_many_files_and_bytes(visitor, monkeypatch):
    monkeypatch.setattr(attachments, "MAX_OF_VISITOR", 2)
    assert [visitor.upload(PNG, "a.png").status_code for _ in range(3)] == [201, 201, 422]
    monkeypatch.setattr(attachments, "MAX_OF_VISITOR", 9)
    monkeypatch.setattr(attachments, "MAX_BYTES_OF_VISITOR", 3 * len(PNG) - 1)
    assert visitor.upload(PNG, "a.png").status_code == 422


def test_a_file_that_no_message_names_can_be_taken_out_and_takes_no_room(shop_app, visitor, monkeypatch):
    monkeypatch.setattr(attachments, "MAX_OF_VISITOR", 1)
    path = "/widget/conversations/{id}/files/"
    first = visitor.upload(PNG, "a.png").json["id"]
    other = Visitor(shop_app)
    assert other("DELETE", path + first).status_code == 404
    assert other("DELETE", f"/widget/conversations/{visitor.id}/files/{first}").status_code == 404
    assert visitor("DELETE", path + first).status_code == 200
    second = visitor.upload(PNG, "b.png").json["id"]
    visitor("POST", "/v1/conversations/{id}/messages", json={"content": "This one", "attachments": [second]})
    assert visitor("DELETE", path + second).status_code == 404
    assert [file["name"] for file in visitor.state()["files"]] == ["b.png"]


def test_files_of_visitors_that_no_message_names_go_after_a_day(shop_app, visitor):
    visitor.upload(PNG, "a.png")
    named = visitor.upload(PNG, "b.png").json["id"]
    visitor("POST", "/v1/conversations/{id}/messages", json={"content": "This one", "attachments": [named]})
    services = parts_of(shop_app)
    with services.store.begin() as tx:
        tx.execute(attachment.update().values(created_at=attachment.c.created_at - 86_400_001))
    assert services.attachments.clean_up() == 1
    assert [file["name"] for file in visitor.state()["files"]] == ["b.png"]


def test_an_address_uploads_so_many_files(shop_app, visitor):
    refused = [visitor.upload(b"", "a.png").status_code for _ in range(31)]
    assert refused == [422] * 30 + [429]


@pytest.mark.parametrize(
    ("origins", "sent", "kept"),
    [
        ((SHOP,), SHOP, SHOP),
        (("*",), "https://evil.example", None),
        (("*",), "https://desk.example", "https://desk.example"),
    ],
)
def test_the_mail_links_to_pages_that_the_operator_named(settings, origins, sent, kept):
    app = create_app(replace(settings, widget_origins=origins, console_url="https://desk.example/console"))
    begun = app.test_client().post("/widget/sessions", headers={"Origin": sent}).json
    client = Client(app.test_client(), begun["token"])
    path = f"/widget/conversations/{begun['conversation_id']}/contact"
    assert client("PUT", path, headers={"Origin": sent}, json={"email": "ann@shop.example"}).status_code == 200
    services = app.extensions["answerback"]
    with services.store.read() as tx:
        assert tx.execute(sa.select(visitor_contact.c.origin)).scalar_one() == kept
    services.close(timeout_s=0.1)


def test_a_chat_that_goes_on_by_mail_is_closed_to_its_token(shop_app, visitor):
    services = parts_of(shop_app)
    workspace_id = services.keys.workspace()
    key = services.keys.make(workspace_id, name="shop")
    shop = Client(shop_app.test_client(), key)
    new = {"name": "m", "address": "help@desk.example", "mode": "reply", "smtp_url": "smtp://127.0.0.1:1"}
    box = shop("POST", "/v1/mailboxes", json=new).json["id"]
    visitor("PUT", "/widget/conversations/{id}/contact", json={"email": "ann@shop.example"})
    scope = Scope(services.store, workspace_id)
    feed = ConversationFeed(services.deltas, scope, visitor.id, view=audience.event_for_customer)
    services.actions.reply(workspace_id, visitor.id, content="Hello", author="Grace")
    assert feed.poll()
    with services.store.begin() as tx:
        tx.execute(visitor_contact.update().values(due_at=0))
    assert VisitorMail(services.store, None).send_due() == 1
    assert visitor("GET", "/v1/conversations/{id}/messages").status_code == 200
    with services.store.begin() as tx:
        contacts.move_to_mail(tx, box, visitor.id, named=external_id(box, visitor.id))
    services.actions.reply(workspace_id, visitor.id, content="Secret", author="Grace")
    for method, path in (("GET", "/v1/conversations/{id}/messages"), ("GET", "/widget/conversations/{id}")):
        assert visitor(method, path).status_code == 401
    assert visitor("POST", "/v1/conversations/{id}/messages", json={"content": "x"}).status_code == 401
    assert visitor("POST", "/widget/sessions").status_code == 401
    assert (feed.poll(), feed.ended) == ([], True)
    assert shop("GET", f"/v1/conversations/{visitor.id}/messages").json["items"][-1]["content"] == "Secret"


def test_erasure_by_the_address_finds_the_conversation(shop_app, visitor):
    visitor("PUT", "/widget/conversations/{id}/contact", json={"email": "ann@shop.example"})
    visitor.upload(PNG, "shoe.png")
    services = parts_of(shop_app)
    key = services.keys.make(services.keys.workspace(), name="shop")
    shop = Client(shop_app.test_client(), key)
    erased = shop("POST", "/v1/customers/erase", json={"email": "ann@shop.example"})
    assert erased.json["conversations"] == 1, erased.text
    assert visitor("GET", "/widget/conversations/{id}").status_code in (401, 404)
