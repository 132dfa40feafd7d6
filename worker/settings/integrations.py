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
    source_folders: tuple[str, ...] = setting(
        "ANSWERBACK_SOURCE_FOLDERS",
        "folders on the workers' machines, with commas, in which sources of the kinds `folder` and `git` may lie; "
        "none by default",
        parsers.names,
        (),
    )
    source_rate: float = setting(
        "ANSWERBACK_SOURCE_RATE",
        "requests per second to a source, unless its robots.txt asks for fewer; 0: no limit",
        parsers.number,
        5.0,
    )
    smtp_url: str | None = setting(
        "ANSWERBACK_SMTP_URL",
        "mail server that notifies agents of handoffs, `smtp://user:password@host:587` or `smtps://…`",
        parsers.mail_url,
        None,
        secret=True,
    )
    mail_from: str = setting("ANSWERBACK_MAIL_FROM", "whom that mail is from", str, "answerback@localhost")
    mail_domains: tuple[str, ...] = setting(
        "ANSWERBACK_MAIL_DOMAINS",
        "domains, with commas, from which mailboxes without an `smtp_url` may send by the server of "
        "`ANSWERBACK_SMTP_URL`, besides that of `ANSWERBACK_MAIL_FROM`; subdomains are named each",
        parsers.domains,
        (),
    )
    conversation_url: str | None = setting(
        "ANSWERBACK_CONVERSATION_URL",
        "where agents see a conversation, `https://…/{id}`; notes to them end with it",
        parsers.conversation_url,
        None,
    )
