"""Addresses of mail: parsed, compared, and with a signed token in them."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from email.header import Header
from email.utils import formataddr, getaddresses

import idna

#: Addresses of one header that are read, and characters of it.
_MAX_ADDRESSES = 50
_MAX_HEADER = 10_000

ADDRESS = re.compile(r"[^@\s,;<>()\[\]\x00-\x1f\x7f]{1,64}@[^@\s,;<>()\[\]\x00-\x1f\x7f]{1,255}\Z")

#: Letters of a token's signature: 80 bits.
_SIGNATURE = 16


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address in lower case, and the name that goes with it."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        """The part behind the `@`."""
        return self.address.rpartition("@")[2]

    @property
    def deliverable(self) -> "Address | None":
        """The address in ASCII, its domain in Punycode; None when it has no such form, so that SMTP may not take it."""
        local, at, domain = self.address.rpartition("@")
        if self.address.isascii():
            return self
        if not local.isascii():
            return None
        try:
            return replace(self, address=f"{local}{at}{idna.encode(domain, uts46=True).decode()}")
        except idna.IDNAError:
            return None

    def __str__(self) -> str:
        """Return it as a header has it, all in ASCII; of `deliverable` addresses alone."""
        if self.name.isascii():
            return formataddr((self.name, self.address))
        name = Header(self.name.encode("utf-8", "replace").decode(), "utf-8").encode()
        return f"{' '.join(name.split())} <{self.address}>"


def parsed(header: str) -> tuple[Address, ...]:
    """Return the addresses of a header, in its order; others are left out. Too many nested brackets hide them all."""
    try:
        found = getaddresses([header[:_MAX_HEADER]])[:_MAX_ADDRESSES]
    except RecursionError:  # the parser calls itself for each bracket of a comment
        return ()
    return tuple(
        Address(address=address.strip().lower(), name=" ".join(name.split())[:200])
        for name, address in found
        if ADDRESS.match(address.strip())
    )


def is_own(address: str, mailbox: str) -> bool:
    """Whether an address is the mailbox's, also with a `+detail`, and with its domain in either form."""
    local, _, domain = _comparable(address).rpartition("@")
    own_local, _, own_domain = _comparable(mailbox).rpartition("@")
    return domain == own_domain and local.partition("+")[0] == own_local.partition("+")[0]


def _comparable(address: str) -> str:
    known = Address(address=address.lower())
    return (known.deliverable or known).address


def is_of_team(address: str, team: Sequence[str]) -> bool:
    """Whether an address is one of `team`, which has addresses and `@domains`."""
    return address in team or f"@{address.rpartition('@')[2]}" in team


def with_token(mailbox: str, ticket: str, secret: str) -> str:
    """Return the mailbox's address with a token that names a ticket and that only this installation can make."""
    local, _, domain = mailbox.rpartition("@")
    return f"{local.partition('+')[0]}+{_token(ticket, secret)}@{domain}"


def ticket_of_token(addresses: Iterable[str], mailbox: str, secret: str) -> str | None:
    """Return the ticket that a token in one of the mailbox's addresses names; None without a valid one."""
    for address in addresses:
        if not is_own(address, mailbox):
            continue
        ticket, dot, _ = address.rpartition("@")[0].partition("+")[2].rpartition(".")
        if dot and hmac.compare_digest(_token(ticket, secret).encode(), f"{ticket}{dot}{_}".encode()):
            return ticket
    return None


def _token(ticket: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), b"mail-ticket:" + ticket.encode(), hashlib.sha256).digest()
    return f"{ticket}.{base64.b32encode(digest).decode().lower()[:_SIGNATURE]}"
