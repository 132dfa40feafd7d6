"""Other systems: callbacks, imports, mail."""

from dataclasses import dataclass
from typing import ClassVar

from worker.settings import parsers
from worker.settings.parsers import Network
from worker.settings.setting import setting


@dataclass(frozen=True, kw_only=True)
class IntegrationSettings:
    """Other systems: callbacks, imports, mail."""

    title: ClassVar[str] = "Callbacks, imports and mail"

    callback_allow: tuple[Network, ...] = setting(
        "ANSWERBACK_CALLBACK_ALLOW",
        "private networks that callbacks may reach, there also over plain http and any port",
        parsers.networks,
        (),
    )
    import_allow: tuple[Network, ...] = setting(
        "ANSWERBACK_IMPORT_ALLOW",
        "private networks whose pages and files may be imported, likewise",
        parsers.networks,
        (),
    )
    smtp_url: str | None = setting(
        "ANSWERBACK_SMTP_URL",
        "mail server that people are told of handoffs by, `smtp://user:password@host:587` or `smtps://…`",
        parsers.mail_url,
        None,
        secret=True,
    )
    mail_from: str = setting("ANSWERBACK_MAIL_FROM", "whom that mail is from", str, "answerback@localhost")
    conversation_url: str | None = setting(
        "ANSWERBACK_CONVERSATION_URL",
        "where people see a conversation, `https://…/{id}`; notes to them end with it",
        parsers.conversation_url,
        None,
    )
