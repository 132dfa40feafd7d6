"""E-mail addresses as accounts have them."""

import re

from worker.errors import Invalid

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]{1,190}")


def normalised(email: str) -> str:
    """Return an address in lower case, without white space around it: one person, one account.

    Raises:
        Invalid: it is no e-mail address.
    """
    address = email.strip().lower()
    if not _ADDRESS.fullmatch(address) or len(address) > 254 or not address.isprintable():
        raise Invalid("Must be an e-mail address.", field="email")
    return address


def normalised_name(name: str) -> str:
    """Return a person's name on one line.

    Raises:
        Invalid: it is blank or too long.
    """
    text = " ".join(name.split())
    if not 1 <= len(text) <= 200 or not text.isprintable():
        raise Invalid("A name has 1 to 200 characters.", field="name")
    return text
