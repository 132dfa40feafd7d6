"""The command line connects a mailbox, says what is wrong with it, and disconnects it."""

import json
import socket

from tests.support.mails import DESK
from tests.support.places import Mailbox


def test_a_mailbox_is_connected_checked_changed_listed_and_disconnected(run):
    local = {"ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8"}
    with Mailbox().serving() as url, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        imap = f"imap://me:secret@127.0.0.1:{nobody.getsockname()[1]}"
        connect = ["mailbox", "connect", "support", "--address", DESK, "--smtp-url", url]
        refused = run(*connect, **local)
        assert (refused.returncode, "imap_url" in refused.stderr) == (1, True)
        assert run(*connect, "--folder", "Sent").returncode == 2
        done = run(*connect, "--imap-url", imap, "--team", "@desk.example", "--folder", "sent=Gesendet", **local)
        assert done.returncode == 0, done.stderr
        assert "mode draft" in done.stdout
        checked = run("mailbox", "check", "support", **local)
        assert checked.returncode == 1
        assert "smtp: well" in checked.stdout
        assert "imap login: " in checked.stdout
        wrong = {
            row["what"]: row["wrong"] for row in json.loads(run("mailbox", "check", DESK, "--json", **local).stdout)
        }
        assert wrong["imap login"]
        assert run("mailbox", "change", "support").returncode == 2
        assert run("mailbox", "change", "support", "--mode", "reply", **local).returncode == 0
        authorize = ["mailbox", "authorize", "support", "--client-id", "desk", "--refresh-token", "refresh-secret"]
        assert run(*authorize, "--provider", "other").returncode == 1
        done = run(*authorize, "--provider", "google", "--client-secret", "client-secret")
        assert done.returncode == 0, done.stderr
        (listed,) = json.loads(run("mailbox", "list", "--json").stdout)
        assert (listed["mode"], listed["folders"], listed["team"]) == ("reply", {"sent": "Gesendet"}, ["@desk.example"])
        assert (listed["oauth"]["provider"], listed["oauth"]["state"]) == ("google", "connected")
        assert "secret" not in json.dumps(listed)
        assert DESK in run("mailbox", "list").stdout
        assert run("mailbox", "disconnect", "support").returncode == 0
        assert "There is no mailbox" in run("mailbox", "list").stdout
        assert run("mailbox", "disconnect", "support").returncode == 1
