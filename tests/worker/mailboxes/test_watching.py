"""How far a folder was read is committed with its mail: a process may end, a connection drop, a server renumber."""

import contextlib
import threading
from datetime import date

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock
from worker.mailboxes.imap import FolderState, MailboxUnavailable
from worker.mailboxes.watching import Watcher
from worker.store.tables import helpdesk, mail, mailbox


class FakeImap:
    """A mailbox in memory, which fails to read a UID once when told."""

    def __init__(self):
        self.uid_validity = 1
        self.folders = {"INBOX": {}, "Sent": {}}
        self.fails_at = None
        self.fails_always = False
        self.since = None
        self.open_folder = ""

    def folder(self, use):
        return {"inbox": "INBOX", "sent": "Sent"}[use]

    def open(self, folder):
        self.open_folder = folder
        return FolderState(uid_validity=self.uid_validity, next_uid=max(self.folders[folder], default=0) + 1)

    def uids_after(self, last_uid):
        return [uid for uid in sorted(self.folders[self.open_folder]) if uid > last_uid]

    def uids_since(self, day):
        assert isinstance(day, date)
        self.since = day
        return sorted(self.folders[self.open_folder])

    def read(self, uid):
        if uid == self.fails_at:
            self.fails_at = uid if self.fails_always else None
            raise MailboxUnavailable("dropped")
        return self.folders[self.open_folder][uid]

    def wait(self, _seconds, *, stopping):
        return True


@pytest.fixture
def server():
    return FakeImap()


@pytest.fixture
def watcher(store, server):
    return Watcher(store, lambda _row: contextlib.nullcontext(server), holder="one", stopping=threading.Event())


def stored(store):
    with store.read() as connection:
        return [bytes(raw) for raw in connection.execute(sa.select(mail.c.raw).order_by(mail.c.id)).scalars()]


def test_it_begins_with_what_comes_next_and_reads_each_mail_once(store, box, server, watcher):
    server.folders["INBOX"][4] = b"old"
    assert watcher.poll(box.id) == 0
    server.folders["INBOX"] |= {5: b"five", 7: b"seven"}
    server.folders["Sent"][1] = b"sent"
    assert (watcher.poll(box.id), watcher.poll(box.id)) == (3, 0)
    assert stored(store) == [b"sent", b"five", b"seven"]


def test_a_connection_that_drops_leaves_no_gap_and_doubles_nothing(store, box, server, watcher):
    watcher.poll(box.id)
    server.folders["INBOX"] = {uid: b"%d" % uid for uid in range(1, 6)}
    server.fails_at = 3
    with pytest.raises(MailboxUnavailable):
        watcher.poll(box.id)
    assert watcher.poll(box.id) == 3
    assert stored(store) == [b"1", b"2", b"3", b"4", b"5"]


def test_a_mail_that_was_removed_meanwhile_is_passed_over(store, box, server, watcher):
    watcher.poll(box.id)
    server.folders["INBOX"] = {1: None, 2: b"two"}
    watcher.poll(box.id)
    assert stored(store) == [b"two"]


def test_a_folder_that_is_renumbered_is_read_again_from_when_it_was_last_read(store, box, server, watcher):
    watcher.poll(box.id)
    server.folders["INBOX"] = {9: b"nine"}
    watcher.poll(box.id)
    server.uid_validity, server.folders["INBOX"] = 2, {1: b"nine", 2: b"two"}
    server.fails_at = 2
    with pytest.raises(MailboxUnavailable):
        watcher.poll(box.id)
    watcher.poll(box.id)
    assert stored(store)[-1] == b"two"
    assert watcher.poll(box.id) == 0


def test_a_crash_while_a_renumbered_folder_is_read_forgets_not_since_when_it_was_unread(store, box, server, watcher):
    watcher.poll(box.id)
    TableClock.advance(store, 30 * 86_400)
    server.uid_validity, server.folders["INBOX"] = 2, {1: b"one", 2: b"two", 3: b"three"}
    for uid in (2, 3):
        server.fails_at = uid
        with pytest.raises(MailboxUnavailable):
            watcher.poll(box.id)
        first = server.since
    watcher.poll(box.id)
    assert server.since == first
    assert server.since < date(1970, 1, 2), "mail that came before the crash would be lost"
    TableClock.advance(store, 86_400)
    server.uid_validity = 3
    watcher.poll(box.id)
    assert server.since > date(1970, 1, 20), "a folder that was read is not read from the beginning again"


def test_an_empty_folder_that_is_renumbered_is_read_on(store, box, server, watcher):
    watcher.poll(box.id)
    server.uid_validity = 2
    watcher.poll(box.id)
    server.folders["INBOX"][1] = b"one"
    assert watcher.poll(box.id) == 1


def test_one_process_reads_a_mailbox_and_another_takes_over_when_it_stalls(store, box, server, watcher):
    other = Watcher(store, lambda _row: contextlib.nullcontext(server), holder="two", stopping=threading.Event())
    row = watcher._claim(box.id)
    assert row is not None
    assert (other.due(limit=9), other.poll(box.id)) == ([], 0)
    TableClock.advance(store, 100)
    assert other.due(limit=9) == [box.id]
    assert other._claim(box.id) is not None
    server.folders["INBOX"][1] = b"one"
    watcher._begin(row, "INBOX", FolderState(uid_validity=1, next_uid=1))
    assert watcher._read_folder(server, row, "INBOX", "inbox") == 0, "it stored mail after it had lost the mailbox"
    assert stored(store) == []


def test_a_mailbox_that_cannot_be_read_says_why_and_is_tried_again_later(store, box, watcher, server):
    def broken(_row):
        raise MailboxUnavailable("wrong password")

    Watcher(store, broken, holder="one", stopping=threading.Event()).watch(box.id)
    with store.read() as connection:
        assert connection.execute(sa.select(mailbox.c.error)).scalar_one() == "wrong password"
    assert watcher.due(limit=9) == []
    TableClock.advance(store, 31)
    assert watcher.due(limit=9) == [box.id]


def pauses(store, watcher, box, *, number):
    """Watch a mailbox a number of times, each as soon as it is due; return the seconds in between."""
    found = []
    for _ in range(number):
        watcher.watch(box.id)
        waited = 0
        while watcher.due(limit=9) == []:
            TableClock.advance(store, 5)
            waited += 5
        found.append(waited)
    return found


@pytest.mark.parametrize("error", [MailboxUnavailable("wrong password"), UnicodeDecodeError("ascii", b"", 0, 1, "no")])
def test_a_server_that_fails_on_and_on_is_left_in_peace_for_ever_longer(store, box, server, error):
    def broken(_row):
        raise error

    watcher = Watcher(store, broken, holder="one", stopping=threading.Event())
    assert pauses(store, watcher, box, number=11) == [*(5 * 2**n for n in range(9)), 1_800, 1_800]


def test_a_mailbox_that_was_read_begins_with_short_pauses_again(store, box, server):
    stopping = threading.Event()
    watcher = Watcher(store, lambda _row: contextlib.nullcontext(server), holder="one", stopping=stopping)
    server.folder = lambda _use: 1 / 0
    assert pauses(store, watcher, box, number=3) == [5, 10, 20]
    del server.folder
    server.wait = lambda _seconds, *, stopping: stopping.set()
    watcher.watch(box.id)
    stopping.clear()
    server.folder = lambda _use: 1 / 0
    assert pauses(store, watcher, box, number=1) == [5]


def test_a_mail_that_the_server_never_gives_out_is_passed_over_and_seen_to_be_missing(store, box, server, watcher):
    watcher.poll(box.id)
    server.folders["INBOX"] = {1: b"one", 2: b"two", 3: b"three"}
    server.fails_at, server.fails_always = 2, True
    for _ in range(4):
        with pytest.raises(MailboxUnavailable):
            watcher.poll(box.id)
    assert watcher.poll(box.id) == 2
    with store.read() as connection:
        rows = connection.execute(sa.select(mail.c.state, mail.c.raw, mail.c.reason).order_by(mail.c.id)).all()
    assert [row.state for row in rows] == ["received", "failed", "received"]
    assert rows[1].reason == "The server does not give out UID 2 of INBOX: dropped"
    assert watcher.poll(box.id) == 0


def test_a_mailbox_that_no_process_is_free_to_read_says_so_until_one_is(store, box, server, watcher):
    def error():
        with store.read() as connection:
            return connection.execute(sa.select(mailbox.c.error)).scalar_one()

    watcher.report_unread()
    assert error() is None, "another process may be about to read it"
    TableClock.advance(store, 300)
    watcher._claim(box.id)
    watcher.report_unread()
    assert error() is None, "another process reads it"
    TableClock.advance(store, 100)
    watcher.report_unread()
    assert error() == "No process is free to read this mailbox; start another worker for the queue `callback`."
    server.wait = lambda _seconds, *, stopping: stopping.set()
    watcher.watch(box.id)
    assert error() is None


def test_a_watch_ends_when_the_mailbox_is_switched_off(store, box, server, watcher):
    def wait(_seconds, *, stopping):
        with store.begin() as tx:
            tx.execute(helpdesk.update().values(state="disabled"))
        return True

    server.wait = wait
    watcher.watch(box.id)
    assert watcher.due(limit=9) == []
