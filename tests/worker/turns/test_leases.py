"""The heartbeat keeps every lease of a process, and only those that are still worked on."""

from tests.support.fakes import accept, conversation_actions
from worker.turns.leases import Leases
from worker.turns.mailbox import Mailbox


def test_a_fenced_turn_that_ends_late_does_not_take_the_newer_turns_lease_along(store, workspace_id):
    mailbox = Mailbox(store, holder="one")
    leases = Leases(mailbox)
    actions = conversation_actions(store)
    sent = accept(store, workspace_id, external_id="x")
    old = mailbox.claim(sent["conversation_id"])
    with leases.hold(old) as first:
        actions.take_over(workspace_id, sent["conversation_id"], summary="mine")
        actions.resume(workspace_id, sent["conversation_id"])
        accept(store, workspace_id, external_id="x")
        newer = mailbox.claim(sent["conversation_id"])
        holding = leases.hold(newer)
        second = holding.__enter__()
        assert first.revoked
        assert first.lost
    assert len(leases) == 1
    leases.beat()
    assert not second.revoked
    holding.__exit__(None, None, None)
    assert len(leases) == 0


def test_a_beat_tells_what_was_lost(store, workspace_id):
    mailbox = Mailbox(store, holder="one")
    leases = Leases(mailbox)
    sent = accept(store, workspace_id)
    with leases.hold(mailbox.claim(sent["conversation_id"])) as lease:
        leases.beat()
        assert not lease.revoked
        conversation_actions(store).close(workspace_id, sent["conversation_id"])
        leases.beat()
        assert lease.lost


def test_giving_back_frees_every_lease_for_another(store, workspace_id):
    mailbox = Mailbox(store, holder="one")
    leases = Leases(mailbox)
    sent = [accept(store, workspace_id) for _ in range(2)]
    with leases.hold(mailbox.claim(sent[0]["conversation_id"])), leases.hold(mailbox.claim(sent[1]["conversation_id"])):
        leases.release_all()
    other = Mailbox(store, holder="two")
    assert all(other.claim(one["conversation_id"]) is not None for one in sent)
