"""Messages are read whatever their headers say."""

from email import message_from_bytes

import pytest

from kb.errors import DocumentUnreadable
from kb.readers.mail import header, read_mailbox, read_message


def test_messages_within_messages_end():
    data = b"Subject: In\n\nText.\n"
    for number in range(50):
        data = b"Subject: %d\nContent-Type: message/rfc822\n\n" % number + data
    assert ("left_out", 1, "unread_parts", "") in list(read_message(data))


def test_what_is_no_mailbox_says_so():
    with pytest.raises(DocumentUnreadable, match="no mailbox"):
        list(read_mailbox(b"Subject: a message\n\nText.\n"))


def test_a_header_that_is_broken_is_read_as_far_as_it_goes():
    assert header(message_from_bytes(b"Subject: =?bogus?Q?Gr=C3=B6=C3=9Fe?= ok\n\n"), "subject") == "Größe ok"
    assert header(message_from_bytes(b"\n"), "subject") == ""
