"""A client waits as long as it prefers, and a minute at most."""

import flask
import pytest

from web.http.waiting import preferred_wait


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=5", 5),
        ('respond-async, wait="10"', 10),
        ("Wait = 7", 7),
        ("wait=600", 60),
        ("wait=0", 0),
        ("", None),
        ("wait=x", None),
        ("wait=-1", None),
        ("await=5", None),
    ],
)
def test_the_preference_is_read(header, seconds):
    with flask.Flask("test").test_request_context(headers={"Prefer": header}):
        assert preferred_wait() == seconds
