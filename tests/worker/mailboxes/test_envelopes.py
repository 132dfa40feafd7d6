"""What is kept of a mail is enough to answer it."""

from tests.support.mails import mail
from worker.mailboxes.authentication import Belief
from worker.mailboxes.envelopes import Envelope, envelope_of, from_json, to_json
from worker.mailboxes.parsing import parse


def test_an_envelope_is_read_back_as_it_was_kept():
    read = parse(mail(answers="0@desk.example", Cc="Bob <bob@x.example>"))
    envelope = envelope_of(read, read.correspondent, Belief.BELIEVED)
    assert from_json(to_json(envelope)) == envelope
    assert envelope.participants == {"ann@shop.example", "support@desk.example", "bob@x.example"}
    for belief in (Belief.UNKNOWN, Belief.REFUSED):
        assert envelope_of(read, read.correspondent, belief).participants == {"ann@shop.example"}
    assert envelope.thread == ("0@desk.example", "1@shop.example")


def test_a_long_thread_keeps_its_beginning_and_its_end():
    references = tuple(f"{number}@x" for number in range(50))
    thread = Envelope(message_id="last@x", correspondent=None, references=references).thread
    assert (len(thread), thread[0], thread[-1]) == (20, "0@x", "last@x")
