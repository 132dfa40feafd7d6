"""A worker that delivers sweeps what is due, and takes up nothing once it stops."""

import threading

import pytest

from tests.support.databases import copy_migrated
from worker.access.keys import Keys
from worker.runtime.duties import SendAccountMail, SendDueDeliveries, SendWeeklyReports
from worker.services.common import build_common
from worker.services.delivering import build_delivering


@pytest.fixture
def common(settings):
    built = build_common(settings)
    yield built
    built.close(timeout_s=0.1)


def test_it_sweeps_due_deliveries_with_its_own_dispatcher(common):
    stopping = threading.Event()
    built = build_delivering(common, stopping, holder="one")
    duty, mail, reports, *of_mailboxes = built.duties
    assert isinstance(duty, SendDueDeliveries)
    assert isinstance(mail, SendAccountMail)
    assert isinstance(reports, SendWeeklyReports)
    assert duty.sweep == built.dispatcher.sweep
    assert tuple(of_mailboxes) == built.mailing.duties


def test_it_starts_no_thread_before_the_first_delivery_and_stops_without_one(common):
    before = set(threading.enumerate())
    built = build_delivering(common, threading.Event(), holder="one")
    built.start()
    assert set(threading.enumerate()) == before
    built.stop()
    assert set(threading.enumerate()) == before


def test_a_machine_without_the_key_of_secrets_links_its_notes_to_conversations(common, settings):
    copy_migrated(settings.home / "answerback.db")
    owner = Keys(common.store).workspace()
    common.workspace_settings.change(
        owner, {"openai_api_key": "sk-desk", "conversation_url": "https://desk.example/{id}"}
    )
    settings.secret_key_file.unlink()
    keyless = build_common(settings)
    built = build_delivering(keyless, threading.Event(), holder="one")
    assert built.mailing.conversation_url(owner) == "https://desk.example/{id}"
    built.stop()
    keyless.close(timeout_s=0.1)
