"""The signs of automatic mail: subjects of software begin with them."""

from worker.reading.automatic_phrases import SUBJECTS


def test_a_subject_that_only_speaks_of_automatic_mail_is_none():
    assert SUBJECTS["out_of_office"].match("Automatic reply: Your order")
    assert not SUBJECTS["out_of_office"].match("Your automatic reply: what does it mean")
    assert not SUBJECTS["bounce"].match("Undelivered parcel")
