"""The fields of a mailbox, checked before they are kept."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from worker.errors import Invalid
from worker.helpdesks.connections import check_hours
from worker.helpdesks.mail import MailServer
from worker.mail_servers import server_url
from worker.mailboxes.addresses import ADDRESS, Address
from worker.mailboxes.sendgrid import public_key
from worker.states import HelpdeskMode

#: The uses of folders, which `folders` names.
FOLDERS = ("inbox", "sent", "drafts")

_LISTS = ("team", "notify")
_URLS = ("imap_url", "smtp_url")


def checked(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a mailbox as they are kept.

    Raises:
        Invalid: one is not valid.
    """
    if "address" in given:
        given["address"] = str(given["address"]).strip().lower()
        if not ADDRESS.match(given["address"]) or Address(address=given["address"]).deliverable is None:
            raise Invalid("Must be an address such as support@example.com.", field="address")
    for name, schemes in (("imap_url", ("imap", "imaps")), ("smtp_url", ("smtp", "smtps"))):
        if given.get(name) is not None:
            _check_url(str(given[name]), name, schemes)
    if given.get("sendgrid_key") is not None:
        public_key(given["sendgrid_key"])
    for name in _LISTS:
        if given.get(name) is not None:
            given[name] = [str(entry).strip().lower() for entry in given[name]]
            domains = name == "team"
            if not all(
                ADDRESS.match(f"x{entry}" if domains and entry.startswith("@") else entry) for entry in given[name]
            ):
                raise Invalid(
                    "Must be addresses" + (" or domains such as @example.com." if domains else "."), field=name
                )
    if unknown := set(given.get("folders") or {}) - set(FOLDERS):
        raise Invalid(f"{', '.join(sorted(unknown))}: the folders are inbox, sent and drafts.", field="folders")
    for name in ("plus_addressing", "saves_sent"):
        if name in given:
            given[name] = int(bool(given[name]))
    check_hours(given.get("hours"))
    return given


def _check_url(url: str, name: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or any(character.isspace() for character in url):
        raise Invalid(f"Must be {schemes[1]}://user:password@host, or {schemes[0]}:// for STARTTLS.", field=name)
    if schemes[0] == "imap" and not parts.username:
        raise Invalid("Must have a user and a password, with % for special characters.", field=name)
    server = server_url(url)
    if not (server.user.isascii() and server.password.isascii()):
        raise Invalid("The user and the password must be ASCII, which is all that the login can send.", field=name)


def check_ways(given: Mapping[str, Any], operators: MailServer | None) -> None:
    """Raise unless answers and drafts have a way to go; `operators` is the server of the installation.

    Raises:
        Invalid: one has none.
    """
    mode = given.get("mode") or HelpdeskMode.DRAFT
    if not given.get("smtp_url"):
        if mode == HelpdeskMode.REPLY and operators is None:
            raise Invalid("Replies need a mail server: `smtp_url`, or ANSWERBACK_SMTP_URL.", field="smtp_url")
        if mode != HelpdeskMode.SHADOW and operators is not None and not operators.may_send_from(given["address"]):
            raise Invalid(foreign(given["address"]), field="smtp_url")
    drafts = mode == HelpdeskMode.DRAFT or given.get("languages") or given.get("hours")
    if drafts and mode != HelpdeskMode.SHADOW and not given.get("imap_url"):
        raise Invalid("Drafts are put into a folder of the mailbox, which needs `imap_url`.", field="imap_url")


def foreign(address: str) -> str:
    """Return the sentence that the operator's server does not send from the domain of an address."""
    domain = address.rpartition("@")[2]
    return (
        f"The installation's mail server sends from no address of {domain}: give the mailbox an `smtp_url`, or have "
        "the operator name the domain in ANSWERBACK_MAIL_DOMAINS."
    )


def trusted(kept: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether the URLs that are given for a mailbox lead to servers that those it has lead to."""
    hosts = {urlsplit(kept[name]).hostname for name in _URLS if kept.get(name)}
    return all(urlsplit(str(given[name])).hostname in hosts for name in _URLS if given.get(name))
