"""Migration 0040 knows again which roles came from single sign-on, and a downgrade keeps the role in force."""

from alembic import command

from tests.support.databases import move, rows, run

BEFORE, AFTER = "0032", "0040"

_ACCOUNT = "INSERT INTO account (id, email, name, created_at) VALUES ('{0}', '{0}', '{0}', 1)"
_MEMBERSHIP = (
    "INSERT INTO membership (account_id, workspace_id, role, invited_by, created_at) VALUES ('{}', 'w', '{}', '{}', 1)"
)


def test_roles_of_single_sign_on_are_told_from_those_of_invitations_and_the_one_in_force_stays(store):
    move(store, command.upgrade, BEFORE)
    run(store, "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)")
    run(store, _ACCOUNT.format("ada"), _MEMBERSHIP.format("ada", "owner", "Olga Owner"))
    run(store, _ACCOUNT.format("bob"), _MEMBERSHIP.format("bob", "admin", "single sign-on"))
    move(store, command.upgrade, AFTER)
    found = "SELECT account_id, role, group_role FROM membership ORDER BY account_id"
    assert rows(store, found) == [("ada", "owner", None), ("bob", "admin", "admin")]
    run(store, "UPDATE membership SET group_role = 'agent'")
    move(store, command.downgrade, BEFORE)
    assert rows(store, "SELECT role FROM membership") == [("agent",), ("agent",)]
