"""Escalations: one for each handed-off conversation until a human closes it."""

import pytest

from tests.support.fakes import accept, conversation_actions
from worker.conversations import escalations
from worker.errors import Conflict, NotFound
from worker.states import EscalationState
from worker.store.scope import Scope


@pytest.fixture
def handed_off(store, workspace_id) -> str:
    """A conversation that was handed off."""
    sent = accept(store, workspace_id)
    conversation_actions(store).take_over(workspace_id, sent["conversation_id"], summary="The customer asks.")
    return sent["conversation_id"]


def page(store, workspace_id, *, state=None) -> list[dict]:
    scope = Scope(store, workspace_id)
    return escalations.page(scope, {} if state is None else {"state": state}, limit=10)[0]


def test_a_conversation_that_is_handed_off_again_has_one_escalation(store, workspace_id, handed_off):
    accept(store, workspace_id)
    conversation_actions(store).take_over(workspace_id, handed_off, summary="Again.")

    (escalation,) = page(store, workspace_id)
    assert (escalation["conversation_id"], escalation["summary"]) == (handed_off, "The customer asks.")


def test_an_escalation_is_taken_by_the_agent_who_replies_first(store, workspace_id, handed_off):
    actions = conversation_actions(store)
    for author in ("Ada", "Grace"):
        actions.reply(workspace_id, handed_off, content="Hello!", author=author)

    (escalation,) = page(store, workspace_id, state=EscalationState.ASSIGNED)
    assert escalation["assignee"] == "Ada"


def test_an_escalation_is_assigned_until_it_is_closed(store, workspace_id, handed_off):
    (escalation,) = page(store, workspace_id)
    assigned = escalations.assign(store, workspace_id, escalation["id"], "Ada")
    assert (assigned["state"], assigned["assignee"]) == ("assigned", "Ada")
    assert assigned["assigned_at"] is not None

    conversation_actions(store).close(workspace_id, handed_off, note="Sent a new parcel.")

    closed = escalations.get(Scope(store, workspace_id), escalation["id"])
    assert (closed["state"], closed["note"]) == ("closed", "Sent a new parcel.")
    with pytest.raises(Conflict):
        escalations.assign(store, workspace_id, escalation["id"], "Grace")


def test_another_workspace_sees_no_escalation(store, workspace_id, handed_off):
    (escalation,) = page(store, workspace_id)

    assert page(store, "other") == []
    with pytest.raises(NotFound):
        escalations.get(Scope(store, "other"), escalation["id"])
