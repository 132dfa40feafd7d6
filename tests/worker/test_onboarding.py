"""The first steps of a workspace are done when what they ask for exists, and over when each is done or skipped."""

import pytest

from tests.support.accounts import Outbox, accounts_of, join
from tests.support.fakes import answer
from worker import onboarding
from worker.access.keys import Keys
from worker.conversations.intake import Intake, Opening, Submission
from worker.knowledge.library import Library, NewDocument
from worker.onboarding import OnboardingStep
from worker.states import AccountRole
from worker.store.idempotency import IdempotencyKeys
from worker.turns.mailbox import Mailbox


@pytest.fixture
def ask(store, workspace_id):
    def do(channel):
        submission = Submission(content="How can I pay?", deadline_s=100)
        made = Intake(store).submit(workspace_id, Opening(channel=channel), submission).message
        mailbox = Mailbox(store, holder="one")
        mailbox.finish(mailbox.claim(made["conversation_id"]), answer())

    return do


def states(store, workspace_id):
    return list(onboarding.steps(store, workspace_id).values())


def test_each_step_is_ticked_off_by_what_exists(store, workspace_id, ask):
    accounts = accounts_of(store, Outbox())
    join(accounts, workspace_id, "ada@shop.example")
    assert states(store, workspace_id) == ["open"] * 4
    library = Library(store, IdempotencyKeys(store, kept_s=1))
    library.add(workspace_id, NewDocument(title="Paying", data=b"By card.", media_type="text/plain"))
    assert states(store, workspace_id) == ["done", "open", "open", "open"]
    ask(onboarding.CONSOLE_CHANNEL)
    assert states(store, workspace_id) == ["done", "done", "open", "open"]
    join(accounts, workspace_id, "bob@shop.example", AccountRole.AGENT)
    assert states(store, workspace_id) == ["done", "done", "done", "open"]
    ask("widget")
    found = onboarding.steps(store, workspace_id)
    assert set(found.values()) == {"done"}
    assert onboarding.is_over(found)
    assert states(store, Keys(store).workspace("other")) == ["open"] * 4


def test_skipped_steps_are_over_and_are_done_all_the_same_once_they_exist(store, workspace_id, ask):
    for step in OnboardingStep:
        assert not onboarding.is_over(onboarding.steps(store, workspace_id))
        onboarding.skip(store, workspace_id, step)
    assert states(store, workspace_id) == ["skipped"] * 4
    assert onboarding.is_over(onboarding.steps(store, workspace_id))
    ask(None)
    assert states(store, workspace_id) == ["skipped", "done", "skipped", "done"]
