"""What the roles may do: the matrix of roles and permissions."""

import pytest

from worker.access.permissions import MEANINGS, RANKED, Permission, includes
from worker.states import AccountRole, KeyScope

OWNER, ADMIN, EDITOR, AGENT, VIEWER = RANKED

#: The roles that have each permission, and the scope that a key needs.
MATRIX = {
    "read": ({OWNER, ADMIN, EDITOR, AGENT, VIEWER}, "read"),
    "converse": ({OWNER, ADMIN, EDITOR, AGENT}, "write"),
    "edit_knowledge": ({OWNER, ADMIN, EDITOR}, "write"),
    "publish_knowledge": ({OWNER, ADMIN, EDITOR}, "admin"),
    "erase": ({OWNER, ADMIN}, "write"),
    "operate": ({OWNER, ADMIN}, "write"),
    "administer": ({OWNER, ADMIN}, "admin"),
    "manage_people": ({OWNER, ADMIN}, "admin"),
}


@pytest.mark.parametrize("permission", list(Permission))
def test_each_permission_has_the_roles_and_the_scope_of_the_matrix(permission):
    roles, scope = MATRIX[permission]
    assert {role for role in AccountRole if includes(role, permission.role)} == roles
    assert permission.scope == KeyScope(scope)


def test_the_matrix_and_the_meanings_are_complete():
    assert set(MATRIX) == set(MEANINGS) == {*Permission}
