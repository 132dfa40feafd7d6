"""Mailboxes are shown without what only their servers may know."""

from worker.mailboxes.serializers import without_password


def test_a_url_is_shown_with_its_user_and_without_the_password():
    assert (
        without_password("imaps://me%40x.example:p%40ss@imap.example:993") == "imaps://me%40x.example@imap.example:993"
    )
    assert without_password("smtp://mail.example") == "smtp://mail.example"
    assert without_password(None) is None
