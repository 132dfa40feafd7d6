"""Permissions: each has the scope that an API key needs for it, and the least role that a person needs."""

from enum import StrEnum

from worker.states import AccountRole, KeyScope

#: Roles, the most powerful first; each may do all that those after it may.
RANKED = tuple(AccountRole)


class Permission(StrEnum):
    """A permission that a route asks of its caller.

    Attributes:
        scope: the scope that an API key needs; `admin` includes the others.
        role: the least role that a person needs.
    """

    scope: KeyScope
    role: AccountRole

    def __new__(cls, value: str, scope: KeyScope, role: AccountRole) -> "Permission":
        """Build a member that equals its name."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.scope, member.role = scope, role
        return member

    READ = "read", KeyScope.READ, AccountRole.VIEWER
    CONVERSE = "converse", KeyScope.WRITE, AccountRole.AGENT
    EDIT_KNOWLEDGE = "edit_knowledge", KeyScope.WRITE, AccountRole.EDITOR
    PUBLISH_KNOWLEDGE = "publish_knowledge", KeyScope.ADMIN, AccountRole.EDITOR
    ERASE = "erase", KeyScope.WRITE, AccountRole.ADMIN
    OPERATE = "operate", KeyScope.WRITE, AccountRole.ADMIN
    ADMINISTER = "administer", KeyScope.ADMIN, AccountRole.ADMIN
    MANAGE_PEOPLE = "manage_people", KeyScope.ADMIN, AccountRole.ADMIN


#: What each permission lets its holder do, for pages and the reference.
MEANINGS = {
    Permission.READ: "see conversations, knowledge, settings and reports",
    Permission.CONVERSE: "reply, take over, return, close and rate",
    Permission.EDIT_KNOWLEDGE: "add, change and remove documents, sources and suggestions",
    Permission.PUBLISH_KNOWLEDGE: "activate another version of the knowledge base",
    Permission.ERASE: "erase conversations and customers",
    Permission.OPERATE: "send deliveries again and test endpoints",
    Permission.ADMINISTER: "change settings, helpdesks, callbacks and keys; read the audit log and health",
    Permission.MANAGE_PEOPLE: "invite people, change their roles and disable them",
}


def includes(role: AccountRole, other: AccountRole) -> bool:
    """Whether a role may do all that another may."""
    return RANKED.index(role) <= RANKED.index(other)
