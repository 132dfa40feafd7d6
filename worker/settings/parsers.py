"""Parsers of settings: text to value; each raises ValueError or KeyError where the text is not what it expects."""

import ipaddress
import json
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from worker.budgets import Budget
from worker.business_hours import hours_of
from worker.service_policy import parse_target
from worker.states import AccountRole

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: The largest number: 1e9 days in milliseconds still fit into the database.
_MAX_NUMBER = 1e9

#: Ten years, in hours.
_MAX_HOURS = 87_600

_DOMAIN = re.compile(r"[^\s@./:*]+(\.[^\s@./:*]+)*")


def positive_number(text: str) -> float:
    """Parse a number above 0 and up to 1e9."""
    value = float(text)
    if not 0 < value <= _MAX_NUMBER:
        raise ValueError
    return value


def prompt(text: str) -> str:
    """Parse a text that may stand in double quotes, which keep its spaces; in them `\\n` is a line break."""
    if text[:1] != '"':
        return text
    return str(json.loads(text, strict=False))


def number(text: str) -> float:
    """Parse a number from 0 to 1e9."""
    value = float(text)
    if not 0 <= value <= _MAX_NUMBER:
        raise ValueError
    return value


def hours(text: str) -> float:
    """Parse hours, from 0 to ten years."""
    value = float(text)
    if not 0 <= value <= _MAX_HOURS:
        raise ValueError
    return value


def timeout(text: str) -> float:
    """Parse a time-out of a call, from 0.1 to 600 seconds."""
    value = float(text)
    if not 0.1 <= value <= 600:
        raise ValueError
    return value


def endpoint_key(text: str) -> str:
    """Parse a key that a header can carry: printable ASCII without spaces."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError
    return text


def share(text: str) -> float:
    """Parse a number from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def positive_integer(text: str) -> int:
    """Parse a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def integer(text: str) -> int:
    """Parse a whole number of at least 0."""
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def port(text: str) -> int:
    """Parse a port from 1 to 65535."""
    value = int(text)
    if not 0 < value < 65536:
        raise ValueError
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a parser that accepts these words, in whatever case."""

    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    parse.__doc__ = " or ".join(f"`{choice}`" for choice in choices)
    parse.choices = choices  # type: ignore[attr-defined]
    return parse


def switch(text: str) -> bool:
    """Parse `on` or `off`."""
    return {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}[text.lower()]


def names(text: str) -> tuple[str, ...]:
    """Return the parts of a list with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def absolute_paths(text: str) -> tuple[str, ...]:
    """Parse absolute paths such as `/usr/bin/node,/opt/crm/bin/mcp`."""
    found = names(text)
    if not all(path.startswith("/") for path in found):
        raise ValueError
    return found


def domains(text: str) -> tuple[str, ...]:
    """Parse domains such as `yours.example,desk.yours.example`."""
    found = tuple(name.lower().removeprefix("@") for name in names(text))
    if not all(_DOMAIN.fullmatch(name) for name in found):
        raise ValueError
    return found


def languages(text: str) -> tuple[str, ...]:
    """Parse codes of languages such as `en,de`."""
    codes = tuple(code.lower() for code in names(text))
    if not all(len(code) == 2 and code.isascii() and code.isalpha() for code in codes):
        raise ValueError
    return codes


def networks(text: str) -> tuple[Network, ...]:
    """Parse networks such as `127.0.0.0/8,10.0.0.0/8`."""
    return tuple(ipaddress.ip_network(part) for part in names(text))


def rate_limit(text: str) -> str | None:
    """Parse a rate such as `600/minute`, or `off`."""
    if text.lower() == "off":
        return None
    if not re.fullmatch(r"[1-9]\d*\s*/\s*(second|minute|hour|day)", text):
        raise ValueError
    return text


def mail_url(text: str) -> str:
    """Parse a URL such as `smtp://user:password@host:587` or `smtps://host`."""
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.port == 0:
        raise ValueError
    return text


def conversation_url(text: str) -> str:
    """Parse a URL such as `https://desk.example/{id}`."""
    if not re.match(r"https?://", text) or "{id}" not in text:
        raise ValueError
    return text


def http_url(text: str) -> str:
    """Parse a URL such as `http://127.0.0.1:4318`."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    return text


def prices(text: str) -> tuple[tuple[str, float, float], ...]:
    """Parse prices such as `gpt-4o-mini=0.15/0.60`."""
    found = []
    for part in names(text):
        model, _, price = part.rpartition("=")
        prompt, completion = (number(part) for part in price.split("/"))
        if not model:
            raise ValueError
        found.append((model, prompt, completion))
    return tuple(found)


def budgets(text: str) -> tuple[Budget, ...]:
    """Parse budgets such as `day=20usd,conversation=50000tokens`."""
    return tuple(Budget.parse(part) for part in names(text))


def roles(text: str) -> tuple[tuple[str, AccountRole], ...]:
    """Parse roles by group such as `support-leads=admin,support=agent`."""
    found = []
    for part in names(text):
        group, _, role = part.rpartition("=")
        if not group.strip():
            raise ValueError
        found.append((group.strip(), AccountRole(role.strip())))
    return tuple(found)


def targets(text: str) -> tuple[str, ...]:
    """Parse targets by priority such as `urgent=30m,high=2h,normal=8h`."""
    found = tuple(part.replace(" ", "").lower() for part in names(text))
    if len({parse_target(part)[0] for part in found}) < len(found):
        raise ValueError
    return found


def business_hours(text: str) -> tuple[str, ...]:
    """Parse hours such as `Europe/Berlin,mon-fri 09:00-17:30,2026-12-25`."""
    found = tuple(" ".join(part.split()) for part in names(text))
    hours_of(found)
    return found


#: What each parser expects, for the message that refuses a value.
EXPECTED: dict[Callable[[str], object], str] = {
    positive_number: "a number above 0 and up to 1,000,000,000",
    number: "a number from 0 to 1,000,000,000",
    hours: "a number of hours from 0 to 87,600",
    timeout: "a number of seconds from 0.1 to 600",
    endpoint_key: "a key of printable ASCII characters without spaces",
    share: "a number from 0 to 1",
    integer: "a whole number of at least 0",
    positive_integer: "a whole number of at least 1",
    port: "a port from 1 to 65535",
    switch: "`on` or `off`",
    domains: "domains with commas, such as `yours.example,shop.example`",
    languages: "ISO 639-1 codes with commas, such as `en,de`",
    networks: "networks such as `127.0.0.0/8,10.0.0.0/8`",
    rate_limit: "a rate such as `600/minute`, or `off`",
    mail_url: "a URL such as `smtp://user:password@host:587` or `smtps://host`",
    http_url: "a URL such as `http://127.0.0.1:4318`",
    conversation_url: "a URL such as `https://desk.example/{id}`",
    budgets: "budgets such as `day=20usd,conversation=50000tokens`",
    roles: "roles by group such as `support-leads=admin,support=agent`",
    AccountRole: "owner, admin, editor, agent or viewer",
    targets: "a time for each priority, such as `urgent=30m,high=2h,normal=8h`",
    business_hours: "a time zone, days with hours and closed dates, such as "
    "`Europe/Berlin,mon-fri 09:00-17:30,2026-12-25`",
    prices: "prices such as `gpt-4o-mini=0.15/0.60`",
}
