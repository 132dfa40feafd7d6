"""Migration 0041 encrypts what was stored in clear, where there is a key; a downgrade gives it back."""

import os
from pathlib import Path

from alembic import command
from cryptography.fernet import Fernet

from tests.support.databases import move, rows, run
from worker.secret_box import SecretBox
from worker.store.sealing import Sealing

BEFORE, AFTER = "0040", "0041"

_HELPDESK = (
    "INSERT INTO helpdesk (id, workspace_id, name, kind, url, token, webhook_secret, options, mode, state, created_at,"
    " updated_at) VALUES ('{0}', 'w', '{0}', '{1}', 'https://x.example', '{2}', 'whsec', '{{}}', 'reply', 'enabled', 1,"
    " 1)"
)
_MAILBOX = (
    "INSERT INTO mailbox (id, workspace_id, address, imap_url, smtp_url, mailgun_key, team, notify, folders,"
    " plus_addressing, saves_sent) VALUES ('mbx', 'w', 'a@x.example', 'imaps://a%%40x.example:imap-pass@imap.x.example',"
    " 'smtp://smtp.x.example', NULL, '[]', '[]', '{}', 0, 0)"
)
FOUND = (
    "SELECT h.token, h.webhook_secret, m.imap_url, m.smtp_url, m.mailgun_key FROM helpdesk h, mailbox m"
    " WHERE h.id = 'hd'"
)
IN_CLEAR = [("hd-token", "whsec", "imaps://a%40x.example:imap-pass@imap.x.example", "smtp://smtp.x.example", None)]


def prepare(store):
    """Bring a database to the version before, with a helpdesk and a mailbox."""
    move(store, command.upgrade, BEFORE)
    run(store, "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)")
    mailbox = _MAILBOX if not store.is_sqlite else _MAILBOX.replace("%%", "%")
    run(store, _HELPDESK.format("hd", "zendesk", "hd-token"), _HELPDESK.format("mbx", "mailbox", ""), mailbox)


def test_with_a_key_secrets_are_encrypted_and_a_downgrade_gives_them_back(store):
    store.sealing = Sealing(SecretBox((Fernet.generate_key().decode(),), Path(os.devnull)))
    prepare(store)
    assert rows(store, FOUND) == IN_CLEAR
    move(store, command.upgrade, AFTER)
    ((token, secret, imap_url, smtp_url, mailgun_key),) = rows(store, FOUND)
    for sealed, text in ((token, "hd-token"), (secret, "whsec"), (imap_url, "imap-pass")):
        assert text not in sealed
    assert (smtp_url, mailgun_key) == ("smtp://smtp.x.example", None)
    assert store.sealing.open_url(imap_url) == IN_CLEAR[0][2]
    assert store.sealing.open(token) == "hd-token"
    assert rows(store, "SELECT token FROM helpdesk WHERE id = 'mbx'") == [("",)]
    move(store, command.downgrade, BEFORE)
    assert rows(store, FOUND) == IN_CLEAR


def test_without_a_key_they_stay_in_clear_and_the_log_says_how_to_encrypt_them(store, caplog):
    prepare(store)
    move(store, command.upgrade, AFTER)
    assert rows(store, FOUND) == IN_CLEAR
    assert "rotate-secrets" in caplog.text
    move(store, command.downgrade, BEFORE)
    assert rows(store, FOUND) == IN_CLEAR
