"""A mailbox with real processes and real mail servers: a customer writes a mail and gets the answer as one."""

import time
from email import message_from_bytes, policy

from tests.support.mails import mail
from tests.support.processes import ROOT, wait_for
from tests.support.stack import stack

SAMPLE = ROOT / "kb" / "sample"
DESK, ANN = "support-real@desk.example", "ann-real@shop.example"


def test_a_customer_who_writes_a_mail_is_answered_by_mail_in_its_thread(tmp_path, models, mail_server):
    local = {"ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8"}
    with stack(tmp_path / "home", models, workers=("answer", "callback"), sample=SAMPLE, **local) as made:
        new = {
            "name": "support",
            "address": DESK,
            "imap_url": mail_server.imap_url("support-real"),
            "smtp_url": mail_server.smtp_url,
            "authserv_id": "mx.desk.example",
            "mode": "reply",
        }
        box = made.call("POST", "/v1/mailboxes", new).json
        wait_for(lambda: made.call("GET", f"/v1/mailboxes/{box['id']}").json["checked_at"], what="the first look")
        time.sleep(1)  # the folders are looked at right after
        question = mail("How do I reset my password?", sender=f"Ann <{ANN}>", to=DESK, id="real@shop.example")
        mail_server.send(question, to=DESK, sender=ANN)
        (answer,) = mail_server.wait_for_mail(ANN, 1, timeout_s=60)
    read = message_from_bytes(answer, policy=policy.default)
    assert (read["In-Reply-To"], read["Auto-Submitted"]) == ("<real@shop.example>", "auto-replied")
    text = read.get_body(("plain",)).get_content()
    assert "assword" in text.split("\n")[0]
    assert "> How do I reset my password?" in text
