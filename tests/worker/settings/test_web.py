"""Settings of the web server."""

import pytest

from worker.settings import Settings


@pytest.mark.parametrize(("threads", "searches"), [("1", 1), ("3", 1), ("16", 4)])
def test_searches_leave_threads_for_the_rest(threads, searches):
    assert Settings.from_env({"ANSWERBACK_WEB_THREADS": threads}).concurrent_searches == searches
