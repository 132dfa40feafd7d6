"""What happens to mail, with a real Dovecot and a real Postfix: nothing is lost or answered twice, and all in order."""

import os
import shutil
import signal
import threading
import time
from collections import Counter
from email import message_from_bytes, policy
from email.parser import BytesHeaderParser

from tests.faults.checker import Sent, Tables
from tests.faults.harness import Report, fault
from tests.faults.rig import QUESTIONS, Rig
from tests.support.mail_servers import MailServers, mail_servers
from tests.support.mails import mail
from tests.support.processes import wait_for
from tests.support.proxy import Proxy
from tests.support.stack import services
from worker.mailboxes.watching import Watcher

#: Mails that come at once in fault 18.
MANY = int(os.environ.get("FAULTS_MAILS", "100"))

#: Until a mail that came is an answer that was sent: the sweeps of both roles, a turn, and SMTP on a busy machine.
_ANSWERED_S = 20.0

#: How long an attempt to send is held where a process that was killed held it, in seconds; 45 without the plant.
_LEASE_S = 3.0


class Desk:
    """A mailbox of an installation, what came into it, and what its customers got."""

    def __init__(self, rig: Rig, servers: MailServers, *, imap_port: int | None = None):
        self.rig, self.servers, self.address = rig, servers, "support@desk.example"
        self.expected: dict[str, list[str]] = {}  # the beginnings of the texts of each subject, in their order
        url = servers.imap_url("support")
        with services(rig.env) as built:
            new = {"name": "support", "address": self.address, "smtp_url": servers.smtp_url, "mode": "reply"}
            new["imap_url"] = url if imap_port is None else url.replace(f":{servers.imap_port}", f":{imap_port}")
            self.id = built.mailboxes.make(built.keys.workspace(), new)["id"]
            watcher = Watcher(built.store, built.mailboxes.open_imap, holder="rig", stopping=threading.Event())
            watcher.poll(self.id)  # reading begins with the next mail that comes

    def question(self, number: int, text: str = "", *, file: bytes = b"", **more: str) -> bytes:
        """Return a mail of a customer of its own; one that `answers` another goes on in its conversation."""
        text = text or QUESTIONS[number % len(QUESTIONS)]
        subject = f"Question {more['answers'].partition('@')[0] if 'answers' in more else number}"
        self.expected.setdefault(subject, []).append(text)
        sender = f"Ann <ann-{subject.split()[1]}@shop.example>"
        more = {"subject": f"Re: {subject}" if "answers" in more else subject, "id": f"{number}@shop.example", **more}
        data = mail(text, sender=sender, to=self.address, **more)
        if not file:
            return data
        message = message_from_bytes(data, policy=policy.SMTP)
        message.add_attachment(file, maintype="application", subtype="octet-stream", filename="file.bin")
        return message.as_bytes()

    def drop(self, *mails: bytes) -> None:
        """Put mails into the inbox at once, as a server does that took them while nobody read."""
        new = self.servers.home / "mail" / self.address / "new"
        for data in mails:
            path = new.parent / "tmp" / f"{time.time_ns()}.fault"
            path.write_bytes(data)
            shutil.chown(path, "dovecot", "dovecot")
            path.rename(new / path.name)

    def end(
        self,
        did: str,
        *,
        since: float,
        bound_s: float,
        handed_off: tuple[int, ...] = (),
        repeated: int = 0,
        timeout_s: float = 90.0,
    ) -> Report:
        """Wait until all mail is taken and answered; measure to the last answer, and hold what became of each mail.

        Args:
            handed_off: the numbers of the mails that are for a human.
            repeated: answers that come twice, each under one Message-ID.
        """
        ends = time.monotonic() + timeout_s
        while not (in_time := self._is_done()) and time.monotonic() < ends:
            time.sleep(0.2)
        sent_at = self._one("SELECT max(finished_at) FROM mail WHERE direction = 'out'") or 0
        report = Report(did, max(0.0, sent_at / 1000 - since), bound_s)
        report.expect_in_time(in_time, f"not all mail was answered within {timeout_s:.0f} s: {self._states()}")
        rows = self._rows("SELECT id, conversation_id, seq FROM message WHERE role = 'customer' ORDER BY seq")
        self.rig.sent = [
            Sent(key=row["id"], thread=row["conversation_id"], at=row["seq"], ids=[row["id"]]) for row in rows
        ]
        self._check_conversations(report, handed_off)
        self._check_answers(report, repeated)
        return report

    def _is_done(self) -> bool:
        wanted = sum(map(len, self.expected.values()))
        return (
            self._one("SELECT count(*) FROM message WHERE role = 'customer'") >= wanted
            and not self._one("SELECT count(*) FROM message WHERE state IN ('queued', 'running')")
            and not self._one("SELECT count(*) FROM mail WHERE state IN ('received', 'sending')")
            and not self._one("SELECT count(*) FROM delivery WHERE state = 'pending'")
        )

    def _check_conversations(self, report: Report, handed_off: tuple[int, ...]) -> None:
        stored: dict[str, list[str]] = {}
        for row in self._rows(
            "SELECT c.subject, m.content FROM message m JOIN conversation c ON c.id = m.conversation_id"
            " WHERE m.role = 'customer' ORDER BY m.conversation_id, m.seq"
        ):
            stored.setdefault(row["subject"], []).append(row["content"])
        for subject, texts in self.expected.items():
            found = stored.pop(subject, [])
            kept = len(found) == len(texts) and all(map(str.startswith, found, texts))
            report.expect(kept, f"{subject}: {texts} came, and is stored as {[text[:60] for text in found]}")
        report.expect(not stored, f"conversations that nobody began: {list(stored)[:3]}")
        failed = self._rows("SELECT state, reason FROM mail WHERE state = 'failed'")
        report.expect(not failed, f"mail that was not taken: {failed[:3]}")
        for_humans = self._rows(
            "SELECT c.subject FROM message m JOIN conversation c ON c.id = m.conversation_id"
            " WHERE m.state = 'handed_off'"
        )
        found = sorted(int(row["subject"].split()[1]) for row in for_humans)
        report.expect(tuple(found) == handed_off, f"{handed_off} are for a human, and it is {found}")

    def _check_answers(self, report: Report, repeated: int) -> None:
        """Hold that each answer came to its customer, once."""
        answers = {row["id"] for row in self._rows("SELECT id FROM delivery WHERE kind = 'ticket_reply'")}
        ends = time.monotonic() + 20
        while len(got := self._got()) < len(answers) + repeated and time.monotonic() < ends:
            time.sleep(0.2)
        counts = Counter(got)
        lost = answers - set(counts)
        report.expect(not lost, f"answers that came to nobody: {sorted(lost)[:3]}")
        again = [id for id, count in counts.items() if count > 1]
        report.expect(len(again) <= repeated, f"answers that came twice: {again}")
        report.expect(len(got) == len(answers) + repeated, f"{len(answers)} answers were sent, and {len(got)} came")

    def _got(self) -> list[str]:
        """Return the ids of the deliveries that came to customers: the local part of the Message-ID of each mail."""
        folders = (self.servers.home / "mail").glob("ann-*@shop.example/new/*")
        headers = (BytesHeaderParser().parsebytes(path.read_bytes()) for path in folders)
        return [str(found["Message-ID"]).strip("<> ").partition("@")[0] for found in headers]

    def _states(self) -> dict[str, list[dict]]:
        return {
            table: self._rows(f"SELECT state, count(*) AS n FROM {table} GROUP BY state")
            for table in ("mail", "message", "delivery")
        }

    def taken(self) -> int:
        """Return how many mails are conversations."""
        return self._one("SELECT count(*) FROM mail WHERE state = 'taken'")

    def _one(self, sql: str) -> int:
        return next(iter(self._rows(sql)[0].values()))

    def _rows(self, sql: str) -> list[dict]:
        tables = Tables(self.rig.tables_url)
        try:
            return tables.rows(sql)
        finally:
            tables.close()


@fault(16, "a worker is killed between SMTP's 250 and the commit", only=("sqlite",), needs="mail")
def killed_behind_the_250(rig: Rig) -> Report:
    desk = Desk(rig, rig.exits.enter_context(mail_servers()))
    lease = f"send_lease:{_LEASE_S}"
    rig.start_together({"web": ("web",), "answer": ("worker", "answer")})
    rig.start("callback", "worker", "callback", plant=f"{lease},exit_behind_250:commit=2")
    ended = rig.restart_when_it_dies("callback", "worker", "callback", plant=f"{lease},exit_behind_250:copy=4")
    rig.freeze("answer")  # until all mail is taken: who dies holds the mailbox for two minutes
    desk.drop(*map(desk.question, range(6)))
    wait_for(lambda: desk.taken() == 6, what="the mail to be taken")
    rig.signal("answer", signal.SIGCONT)
    report = desk.end("6 mails, two deaths", since=time.time(), bound_s=2 * (_LEASE_S + 30.0), repeated=1)
    report.expect(ended() == 2, "the worker did not die twice")
    report.notes.append("1 mail came twice under one Message-ID: between the 250 and the commit, nobody knows of it")
    return report


@fault(17, "IMAP is cut in the middle of a fetch, and the same mail comes again", only=("sqlite",), needs="mail")
def cut_in_a_fetch(rig: Rig) -> Report:
    servers = rig.exits.enter_context(mail_servers())
    proxy = Proxy(("127.0.0.1", servers.imap_port))
    rig.exits.callback(proxy.close)
    desk = Desk(rig, servers, imap_port=proxy.port)
    rig.start_together({"web": ("web",), "answer": ("worker", "answer"), "callback": ("worker", "callback")})
    first = desk.question(0)
    more = desk.question(10, "Where is my parcel? It was sent a week ago.", answers="0@shop.example")
    proxy.cut_after = 1_000_000
    desk.drop(first, desk.question(1), desk.question(2, file=os.urandom(2_000_000)), more, desk.question(3), first)
    wait_for(lambda: proxy.cuts["fetch"] == 1, what="the connection to be cut")
    cut = time.time()
    status = rig.call("GET", f"/v1/mailboxes/{desk.id}")[0]
    posted = rig.post(f"/v1/mailboxes/{desk.id}/inbound", first, "message/rfc822")
    report = desk.end("6 mails, one of them again and posted", since=cut, bound_s=5.0 + _ANSWERED_S)
    report.expect((status, posted) == (200, 202), f"the front answered {status} and {posted}")
    ignored = desk._one("SELECT count(*) FROM mail WHERE reason = 'It came before.'")
    report.expect(ignored == 2, f"{ignored} of 2 mails were known")
    return report


@fault(18, "many mails come at once", only=("sqlite",), needs="mail")
def many_at_once(rig: Rig) -> Report:
    desk = Desk(rig, rig.exits.enter_context(mail_servers()))
    rig.start_together({"web": ("web",), "answer": ("worker", "answer"), "callback": ("worker", "callback")})
    mails = [desk.question(number) for number in range(MANY)]
    began = time.time()
    desk.drop(*mails)
    report = desk.end(f"{MANY} mails", since=began, bound_s=_ANSWERED_S + MANY * 0.5, timeout_s=60 + MANY)
    report.notes.append(f"{MANY / max(report.recovery_s, 0.1):.0f} mails a second, from the inbox to the answer's 250")
    return report


@fault(19, "a mail of 50 MB and bombs of nested parts, with others around", only=("sqlite",), needs="mail")
def huge_and_nested(rig: Rig) -> Report:
    desk = Desk(rig, rig.exits.enter_context(mail_servers()))
    rig.start_together({"web": ("web",), "answer": ("worker", "answer"), "callback": ("worker", "callback")})
    huge = desk.question(1, file=os.urandom(37_000_000))  # 50 MB in base64
    bombs = [desk.question(2, "(no text)"), desk.question(3, "(no text)"), desk.question(4, "(no text)")]
    nested = [_with(bombs[0], _nested(5_000)), _with(bombs[1], _forwards(3_000)), _with(bombs[2], _flat(200_000))]
    began = time.time()
    desk.drop(desk.question(0), huge, *nested, desk.question(5))
    report = desk.end("2 mails around 4 others", since=began, bound_s=_ANSWERED_S + 20, handed_off=(2, 3, 4))
    peak = _peak_mb(rig.processes["callback"].pid)
    report.notes.append(f"{len(huge) / 1e6:.0f} MB; the worker's memory was {peak:.0f} MB at most")
    report.expect(peak < 1_000, f"the worker took {peak:.0f} MB")
    report.expect(rig.processes["callback"].poll() is None, "the worker died")
    return report


def _with(data: bytes, body: bytes) -> bytes:
    """Return a mail with its headers but another content."""
    head = data.partition(b"\n\n")[0].split(b"\n")
    return b"\n".join(line for line in head if not line.lower().startswith((b"content-", b"mime-"))) + b"\n" + body


def _nested(depth: int) -> bytes:
    """Return parts in parts: each multipart has one."""
    parts = [f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n' for level in range(depth)]
    return "".join(parts).encode() + b"Content-Type: text/plain\n\nboom\n"


def _forwards(depth: int) -> bytes:
    """Return a mail in a mail in a mail."""
    return b"Content-Type: message/rfc822\n\nSubject: x\n" * depth + b"\nboom\n"


def _flat(parts: int) -> bytes:
    """Return very many empty parts, one beside the other."""
    return b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\n\n" * parts + b"--b--\n"


def _peak_mb(pid: int) -> float:
    """Return the largest memory that a process has had so far, in MB; 0 of one that has ended."""
    with open(f"/proc/{pid}/status") as status:
        return next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:")), 0.0)
