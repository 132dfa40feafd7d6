"""People: their accounts, what they are in which workspace, and how they log in."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from worker.store.tables.base import JSON_OR_NULL, id_column, metadata, time_column

account = Table(
    "account",
    metadata,
    id_column(),
    Column("email", String(254), nullable=False, unique=True),  # in lower case
    Column("name", String(200), nullable=False),
    Column("password", Text),  # an Argon2 hash; none before the invitation is accepted, or with single sign-on only
    Column("totp_secret", Text),  # of the second factor; sealed where there are keys
    Column("totp_pending", Text),  # one that is shown and not confirmed yet
    Column("totp_step", Integer),  # the time step of the last code that was accepted
    Column("recovery_codes", JSON_OR_NULL),  # sha256 of those that are left
    Column("workspace_id", String(48), ForeignKey("workspace.id")),  # where they worked last
    time_column("verified_at"),  # when they proved that the address is theirs
    time_column("password_set_at"),
    time_column("logged_in_at"),
    time_column("disabled_at"),
    time_column("created_at", nullable=False),
    info={"purpose": "a person, with how they prove who they are"},
)

_REPORTED = text("report_due_at IS NOT NULL")

membership = Table(
    "membership",
    metadata,
    Column("account_id", String(48), ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("role", String(16), nullable=False),  # while no group gives another
    Column("group_role", String(16)),  # the one that groups give at the OpenID provider, which counts then
    Column("invited_by", String(200)),  # a name
    time_column("accepted_at"),
    time_column("disabled_at"),
    time_column("report_due_at"),  # when the next weekly report is mailed; NULL for who wants none
    time_column("created_at", nullable=False),
    Index("ix_membership_list", "workspace_id", "account_id"),
    Index("ix_membership_report", "report_due_at", sqlite_where=_REPORTED, postgresql_where=_REPORTED),
    info={"purpose": "what a person may do in a workspace"},
)

account_session = Table(
    "account_session",
    metadata,
    id_column(),
    Column("account_id", String(48), ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("workspace_id", String(48), ForeignKey("workspace.id"), nullable=False),  # the one that is worked in
    Column("digest", String(64), nullable=False, unique=True),  # sha256 of the cookie, in hex
    Column("csrf", String(64), nullable=False),
    Column("method", String(16), nullable=False),  # password, code or sso
    Column("address", String(64), nullable=False),
    Column("user_agent", String(300), nullable=False),
    time_column("created_at", nullable=False),
    time_column("seen_at", nullable=False),
    time_column("expires_at", nullable=False),
    Index("ix_account_session_account_id", "account_id"),
    Index("ix_account_session_expires_at", "expires_at"),
    info={"purpose": "a browser in which a person is logged in to the console"},
)

account_link = Table(
    "account_link",
    metadata,
    Column("digest", String(64), primary_key=True),  # sha256 of the token, in hex
    Column("kind", String(16), nullable=False),  # LinkKind
    Column("account_id", String(48), ForeignKey("account.id", ondelete="CASCADE")),  # none of a first owner
    Column("workspace_id", String(48), ForeignKey("workspace.id")),
    Column("by_mail", Boolean, nullable=False),  # whoever has it reads the person's mail
    Column("failures", Integer, nullable=False),  # wrong codes of a second factor
    time_column("created_at", nullable=False),
    time_column("expires_at", nullable=False),
    Index("ix_account_link_account_id", "account_id"),
    Index("ix_account_link_expires_at", "expires_at"),
    info={"purpose": "a link or token that is used once: an invitation, a reset, a login that waits for its code"},
)

account_identity = Table(
    "account_identity",
    metadata,
    Column("issuer", String(500), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("account_id", String(48), ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    time_column("created_at", nullable=False),
    Index("ix_account_identity_account_id", "account_id"),
    info={"purpose": "who a person is at the OpenID provider"},
)

account_mail = Table(
    "account_mail",
    metadata,
    id_column(),
    Column("kind", String(32), nullable=False),  # LetterKind
    Column("email", String(254), nullable=False),  # perhaps of nobody
    Column("workspace_id", String(48), ForeignKey("workspace.id")),
    Column("attempts", Integer, nullable=False),
    time_column("due_at", nullable=False),
    time_column("created_at", nullable=False),
    Index("ix_account_mail_due_at", "due_at"),
    Index("ix_account_mail_email", "email", "created_at"),
    info={"purpose": "mail about an account that is to be sent; its link is made when it leaves"},
)

login_delay = Table(
    "login_delay",
    metadata,
    Column("key", String(64), primary_key=True),  # sha256 of the address, and of the browser that is known for it
    Column("failures", Integer, nullable=False),
    time_column("until_at", nullable=False),  # no password is looked at before
    time_column("expires_at", nullable=False),
    Index("ix_login_delay_expires_at", "expires_at"),
    info={"purpose": "failed logins with an address, and until when the next one has to wait"},
)
