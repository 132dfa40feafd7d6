"""Headers of mail as text that a database takes."""

from email.message import Message

from kb.readers.mail import header
from worker.reading.characters import clean


def words(message: Message, name: str) -> str:
    """Return a header on one line, with its encoded words decoded and without control characters and surrogates.

    Encoded words can say any of these: `=?utf-7?q?+2AA-?=` is half of a pair of UTF-16. Empty when there is none.
    """
    return clean(header(message, name))
