"""A desk's story over every operation of the API: each is called once with the request that the description shows."""

import base64
import io
import json
import time
from typing import Any

from tests.support.mails import mail, mailgun_form
from tests.support.posting import TOPIC, FakeAmazon, postmark_payload, sendgrid_body
from tests.support.services import Application
from tests.web.calls import send_due
from web.http.ndjson import NDJSON
from worker.answering.question import Question
from worker.answering.tools.call_log import SqlToolCallLog
from worker.conversations.outcomes import Answer, Citation, Usage
from worker.mailboxes.bounces import suppress
from worker.mailboxes.posted import PostedMail
from worker.sources import looks
from worker.states import RunState
from worker.store.rows import Source, SourceRun
from worker.store.tables import exchange, source, source_run, suggestion

QUOTE = "Delivery to Norway takes 3 to 5 working days."

Json = dict[str, Any]


class Story:
    """Calls operations by their ids, and keeps what each responded.

    Attributes:
        responses: the status and the body of each operation's response.
    """

    def __init__(self, call: Any, services: Application, spec: Json) -> None:
        self.call, self.services = call, services
        self.workspace_id = services.keys.workspace()
        self.responses: dict[str, tuple[int, Any]] = {}
        self.operations = {
            operation["operationId"]: (method, path, operation)
            for path, operations in spec["paths"].items()
            for method, operation in operations.items()
        }

    def do(self, id: str, query: str = "", *, form: Json | None = None, sent: Json | None = None, **path: str) -> Any:
        """Call an operation with the request of its example, or as `sent` has it; return the body of the response."""
        method, template, operation = self.operations[id]
        if sent is not None:
            return self._call(id, method, template.format(**path), sent)
        sent = {"data": form} if form is not None else {}
        content = operation.get("requestBody", {}).get("content", {})
        if form is None and "application/json" in content:
            sent["json"] = content["application/json"]["example"]
        elif NDJSON in content:
            sent = {"data": json.dumps(content[NDJSON]["example"]), "content_type": NDJSON}
        elif "message/rfc822" in content:
            sent = {"data": content["message/rfc822"]["example"], "content_type": "message/rfc822"}
        return self._call(id, method, template.format(**path) + query, sent)

    def _call(self, id: str, method: str, path: str, sent: Json) -> Any:
        response = self.call(method.upper(), path, **sent)
        self.responses[id] = (response.status_code, response.get_json(silent=True))
        assert response.status_code < 400, (id, response.text)
        return response.get_json(silent=True)

    def tell(self) -> None:
        """Call every operation."""
        document_id = self._knowledge()
        conversation_id = self._conversations(document_id)
        self._sources()
        self._suggestions(conversation_id)
        self._integrations()
        self._workspace(conversation_id)
        self._ends(conversation_id, document_id)

    def _knowledge(self) -> str:
        document_id: str = self.do("documents.create")["id"]
        self.services.indexer.index(self.workspace_id)
        self.do("documents.list")
        self.do("documents.retrieve", document_id=document_id)
        version = self.do("snapshots.list")["items"][0]["version"]
        self.do("snapshots.activate", version=version)
        for id in ("search.query", "answers.create", "models.list", "chat.create_completion", "responses.create"):
            self.do(id)
        import_id = self.do("imports.create")["id"]
        self.do("imports.list")
        self.do("imports.retrieve", import_id=import_id)
        return document_id

    def _conversations(self, document_id: str) -> str:
        conversation_id: str = self.do("conversations.create")["id"]
        message_id = self.do("tickets.create")["id"]
        self.do("tickets.create_many")
        self._answer(document_id)
        self.do("messages.retrieve", message_id=message_id)
        self.do("messages.rate", message_id=message_id)
        self.do("messages.stream", message_id=message_id)
        self.do("conversations.list_messages", conversation_id=conversation_id)
        next_id = self.do("conversations.send_message", conversation_id=conversation_id)["id"]
        self.do("messages.cancel", message_id=next_id)
        self.do("conversations.hand_off", conversation_id=conversation_id)
        handed_off = self.call(
            "POST", f"/v1/conversations/{conversation_id}/messages", json={"content": "Is anybody there?"}
        ).json["id"]
        self.do("conversations.list")
        self.do("conversations.retrieve", conversation_id=conversation_id)
        escalation_id = self.do("escalations.list")["items"][0]["id"]
        self.do("escalations.assign", escalation_id=escalation_id)
        self.do("escalations.retrieve", escalation_id=escalation_id)
        self.do("messages.retry", message_id=handed_off)
        self.do("conversations.reply", conversation_id=conversation_id)
        self.do("conversations.resume", conversation_id=conversation_id)
        self.do("conversations.update", conversation_id=conversation_id)
        self.do("conversations.create_token", conversation_id=conversation_id)
        form = {"file": (io.BytesIO(b"Paid: 9.95"), "receipt.txt")}
        self.do("attachments.retrieve", attachment_id=self.do("attachments.create", form=form)["id"])
        self.do("escalations.close", escalation_id=escalation_id)
        return conversation_id

    def _answer(self, document_id: str) -> None:
        """Play the worker: answer what waits, with a citation."""
        citation = Citation(
            number=1,
            document_id=document_id,
            title="Delivery times",
            url="https://shop.example/help/delivery",
            quote=QUOTE,
            start=16,
            end=61,
        )
        answered = Answer(
            content=f"{QUOTE} [1]",
            citations=(citation,),
            support=0.98,
            confidence=0.94,
            answerer="llm",
            model="gpt-5-mini",
            snapshot="2-175404",
            usage=Usage(prompt_tokens=812, completion_tokens=24, cost_usd=0.000251),
            timings={"search": 0.02, "model": 0.81},
        )
        while (claim := self.services.mailbox.claim_any()) is not None:
            self.services.mailbox.finish(claim, answered)

    def _sources(self) -> None:
        source_id = self.do("sources.create")["id"]
        with self.services.store.begin() as tx:
            row = Source.from_row(tx.execute(source.select()).mappings().one())
            run = looks.begin(tx, row, now=row.created_at)
            begun = SourceRun.from_row(tx.execute(source_run.select()).mappings().one())
            looks.end(tx, begun, state=RunState.DONE, error=None, now=row.created_at + 900, total=2, added=2)
            tx.execute(source.update().where(source.c.id == run.id).values(run_id=None))
        for id in ("list_runs", "look", "retrieve", "update", "pause", "resume"):
            self.do(f"sources.{id}", source_id=source_id)
        self.do("sources.list")
        self.do("sources.delete", source_id=source_id)

    def _suggestions(self, conversation_id: str) -> None:
        messages = self.call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"]
        for number in (1, 2):
            self._suggest(f"sug_{number}", conversation_id, messages[number]["id"])
        self.do("suggestions.list")
        self.do("suggestions.retrieve", suggestion_id="sug_1")
        self.do("suggestions.update", suggestion_id="sug_1")
        self.do("suggestions.accept", suggestion_id="sug_1")
        self.do("suggestions.refuse", suggestion_id="sug_2")

    def _suggest(self, id: str, conversation_id: str, message_id: str) -> None:
        row = {"id": id, "workspace_id": self.workspace_id, "state": "open", "count": 1, "created_at": 1_000}
        texts = {"title": "Can I change my address?", "text": "Write to us before it leaves.", "written_by": "model"}
        asked = {"id": f"exc_{id}", "workspace_id": self.workspace_id, "suggestion_id": id, "message_id": message_id}
        said = {"question": "Can you send it elsewhere?", "reply": "Write to us before it leaves.", "state": "done"}
        times = {"asked_at": 1_000, "attempts": 1, "created_at": 1_000}
        with self.services.store.begin() as tx:
            tx.execute(suggestion.insert().values(**row, **texts, question="A new address?", updated_at=1_000))
            tx.execute(exchange.insert().values(**asked, **said, **times, conversation_id=conversation_id))

    def _integrations(self) -> None:
        endpoint_id = self.do("endpoints.create")["id"]
        self.do("endpoints.list")
        self.do("endpoints.retrieve", endpoint_id=endpoint_id)
        self.do("endpoints.update", endpoint_id=endpoint_id)
        delivery_id = self.do("endpoints.test", endpoint_id=endpoint_id)["id"]
        send_due(self.services)
        event_id = self.do("events.test")["id"]
        self.do("events.retrieve", event_id=event_id)
        self.do("events.list", "?type=message.answered")
        self.do("deliveries.list")
        self.do("deliveries.retrieve", delivery_id=delivery_id)
        self.do("deliveries.replay", delivery_id=delivery_id)
        self.do("deliveries.replay_all")
        self.do("endpoints.recover", endpoint_id=endpoint_id)
        self.do("endpoints.rotate", endpoint_id=endpoint_id)
        self.do("endpoints.delete", endpoint_id=endpoint_id)
        helpdesk_id = self.do("helpdesks.create")["id"]
        self.do("helpdesks.list")
        self.do("helpdesks.retrieve", helpdesk_id=helpdesk_id)
        self.do("helpdesks.validate", helpdesk_id=helpdesk_id)
        self.do("helpdesks.update", helpdesk_id=helpdesk_id)
        self.do("helpdesks.delete", helpdesk_id=helpdesk_id)
        self._mailbox()

    def _mailbox(self) -> None:
        mailbox_id = self.do("mailboxes.create")["id"]
        self.do("mailboxes.list")
        self.do("mailboxes.retrieve", mailbox_id=mailbox_id)
        self.do("mailboxes.receive", mailbox_id=mailbox_id)
        services = self.services
        body = mailgun_form("key", mail())
        services.mailboxes.change(self.workspace_id, mailbox_id, {"mailgun_key": "key"})
        self.do("mailboxes.receive_from_mailgun", form=body, mailbox_id=mailbox_id)
        self._posted(mailbox_id)
        with services.store.begin() as tx:
            suppress(services.store, tx, services.mailboxes.get(self.workspace_id, mailbox_id), "a@b.example", "5.1.1")
        self.do("mailboxes.list_suppressions", mailbox_id=mailbox_id)
        self.do("mailboxes.delete_suppression", mailbox_id=mailbox_id, address="a@b.example")
        self.do("mailboxes.update", mailbox_id=mailbox_id)
        self.do("mailboxes.delete", mailbox_id=mailbox_id)

    def _posted(self, mailbox_id: str) -> None:
        """Post mail as providers do."""
        services, amazon = self.services, FakeAmazon()
        services.mailboxes.posted = PostedMail(services.store, amazon)
        changes = {"ses_topic": TOPIC, "inbound_password": "password"}
        services.mailboxes.change(self.workspace_id, mailbox_id, changes)
        authorization = {"Authorization": "Basic " + base64.b64encode(b"answerback:password").decode()}
        body = amazon.notification(mail(), at=time.time())
        self.do("mailboxes.receive_from_ses", sent={"data": body, "content_type": "text/plain"}, mailbox_id=mailbox_id)
        sent: Json = {"json": postmark_payload(mail()), "headers": authorization}
        self.do("mailboxes.receive_from_postmark", sent=sent, mailbox_id=mailbox_id)
        body, content_type = sendgrid_body(mail())
        sent = {"data": body, "content_type": content_type, "headers": authorization}
        self.do("mailboxes.receive_from_sendgrid", sent=sent, mailbox_id=mailbox_id)

    def _workspace(self, conversation_id: str) -> None:
        message_id = self.call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"][0]["id"]
        question = Question(
            workspace_id=self.workspace_id, content="x", conversation_id=conversation_id, message_id=message_id
        )
        calls = SqlToolCallLog(self.services.store)
        begun = calls.begin(question, "look_up_order", {"order_id": "1001"}, state="running")
        calls.end(begun.id, state="done", result="Order 1001: shipped.", error=None, duration_ms=12)
        self.do("tool_calls.list", conversation_id=conversation_id)
        self.do("tool_calls.retrieve", tool_call_id=begun.id)
        memory_id = self.do("memories.create")["id"]
        self.do("memories.list")
        self.do("memories.delete", memory_id=memory_id)
        for id in (
            "usage.list",
            "quality.retrieve",
            "reports.retrieve",
            "reports.topics",
            "status.retrieve",
            "voice.put",
            "voice.retrieve",
        ):
            self.do(id)
        account_id = self.do("accounts.invite")["id"]
        self.do("accounts.list")
        for verb in ("retrieve", "renew_invitation", "update", "remove"):
            self.do(f"accounts.{verb}", account_id=account_id)
        self.do("settings.update")
        self.do("settings.retrieve")
        self.do("categories.put", name="fleet")
        self.do("categories.list")
        for verb in ("retrieve", "check", "delete"):
            self.do(f"categories.{verb}", name="fleet")

    def _ends(self, conversation_id: str, document_id: str) -> None:
        self.do("audit.list")
        self.do("documents.replace", document_id=document_id)
        self.do("documents.delete_matching")
        self.do("documents.delete", document_id=document_id)
        self.do("conversations.close", conversation_id=conversation_id)
        self.do("conversations.delete", conversation_id=conversation_id)
        self.do("customers.erase")
