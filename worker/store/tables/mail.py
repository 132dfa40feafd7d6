"""Tables of mailboxes: how each is reached, the mail that came and went, and addresses that take none."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from worker.store.tables.base import (
    JSON_OR_NULL,
    id_column,
    lease_token_column,
    metadata,
    time_column,
    workspace_column,
)

mailbox = Table(
    "mailbox",
    metadata,
    # Its mode, hours and languages are in the row of `helpdesk` with the same id: its conversations are tickets there.
    Column("id", String(48), ForeignKey("helpdesk.id", ondelete="CASCADE"), primary_key=True),
    workspace_column(),
    Column("address", String(320), nullable=False),
    Column("sender_name", String(200)),
    Column("imap_url", Text),  # with the password, sealed; without it, mail comes by the API alone
    Column("smtp_url", Text),  # with the password, sealed; without it, the operator's server sends
    Column("authserv_id", String(255)),  # whose Authentication-Results are believed
    Column("mailgun_key", Text),  # signs what Mailgun posts; sealed
    Column("team", JSON_OR_NULL, nullable=False),  # addresses and @domains of colleagues
    Column("notify", JSON_OR_NULL, nullable=False),  # addresses that get notes about handoffs
    Column("folders", JSON_OR_NULL, nullable=False),  # {inbox, sent, drafts}; found by their use where not given
    Column("plus_addressing", Integer, nullable=False),  # 1: replies come to address+token@
    Column("saves_sent", Integer, nullable=False),  # 1: the server itself keeps what it sends, as Gmail does
    Column("watcher", String(100)),  # the process that reads it by IMAP
    time_column("watched_until"),
    lease_token_column(),  # of who takes what came, one at a time
    time_column("due_at"),  # the end of that lease
    time_column("checked_at"),  # when it was last read by IMAP
    Column("error", Text),  # why it could not be
    Column("oauth", JSON_OR_NULL),  # the consent to log in with, in place of passwords: worker.mailboxes.oauth.Consent
    Column("oauth_secrets", Text),  # its client secret and tokens; sealed
    time_column("oauth_until"),  # the end of the lease of who renews its tokens
    Column("ses_topic", Text),  # whose notifications bring mail from Amazon SES
    Column("inbound_password", Text),  # in the URL that Postmark or SendGrid posts to; sealed
    Column("sendgrid_key", Text),  # verifies what SendGrid signs; public
    info={"purpose": "how a mailbox is reached: IMAP in, SMTP out"},
)

mail_folder = Table(
    "mail_folder",
    metadata,
    Column("mailbox_id", String(48), ForeignKey("mailbox.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(255), primary_key=True),
    workspace_column(),
    Column("uid_validity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),  # the highest that was stored
    time_column("updated_at", nullable=False),
    info={"purpose": "how far a folder was read by IMAP"},
)

_UNREAD = text("state = 'received'")
_FAILED = text("state = 'failed'")

mail = Table(
    "mail",
    metadata,
    id_column(),  # of what is sent: the delivery's
    workspace_column(),
    Column("mailbox_id", String(48), ForeignKey("mailbox.id", ondelete="CASCADE"), nullable=False),
    Column("direction", String(8), nullable=False),  # in, out
    Column("folder", String(8), nullable=False),  # inbox, sent, posted; empty for what is sent from here
    Column("state", String(16), nullable=False),  # worker.states.MailState
    Column("reason", Text),  # why it was ignored, or what went wrong
    Column("raw", LargeBinary),  # until it is taken
    Column("size", Integer, nullable=False),
    Column("key", String(64)),  # the digest of what makes it this mail, wherever it came from
    Column("message_id", String(255)),  # without brackets; a longer one is hashed
    Column("ticket", String(100)),  # the conversation's external id, without the mailbox's
    Column("sender", String(320)),  # whom an answer goes to
    Column("headers", JSON_OR_NULL),  # what an answer to it needs: worker.mailboxes.parsing.Envelope
    Column("attempts", Integer, nullable=False),
    time_column("due_at"),
    time_column("created_at", nullable=False),
    time_column("finished_at"),
    UniqueConstraint("mailbox_id", "key"),
    Index("ix_mail_message_id", "mailbox_id", "message_id"),
    Index("ix_mail_ticket", "mailbox_id", "ticket", "created_at"),
    Index("ix_mail_sender", "mailbox_id", "sender", "created_at"),
    Index("ix_mail_newest", "mailbox_id", "direction", "created_at"),
    Index("ix_mail_unread", "mailbox_id", "due_at", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
    Index("ix_mail_failed", "created_at", sqlite_where=_FAILED, postgresql_where=_FAILED),
    info={"purpose": "a mail that came or went, so that none is taken or sent twice and answers find their thread"},
)

mail_suppression = Table(
    "mail_suppression",
    metadata,
    Column("mailbox_id", String(48), ForeignKey("mailbox.id", ondelete="CASCADE"), primary_key=True),
    Column("address", String(320), primary_key=True),
    workspace_column(),
    Column("reason", Text, nullable=False),
    time_column("created_at", nullable=False),
    info={"purpose": "an address that mail to bounced from for good; nothing is sent there"},
)

#: The conditions of the partial indices above, to be asked for in these words.
UNREAD_MAIL = mail.c.state == literal_column("'received'")
FAILED_MAIL = mail.c.state == literal_column("'failed'")
