"""Log lines are JSON with the ids of what is done, and without secrets."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest

from worker.telemetry import logs


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict]]]:
    """Logs of this test alone; returns the lines so far."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("info", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.unbind()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_has_its_event_level_logger_and_time(lines):
    logs.get("test.a").warning("call_failed", attempt=2)
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"], line["attempt"]) == ("call_failed", "warning", "test.a", 2)
    assert line["timestamp"].endswith("Z")


def test_bound_ids_are_on_every_line_also_of_other_libraries_until_they_are_unbound(lines):
    logs.bind(conversation_id="conv_1")
    logs.get("test.b").info("begun")
    logging.getLogger("library").warning("odd")
    logs.unbind()
    logs.get("test.b").info("ended")
    assert [line.get("conversation_id") for line in lines()] == ["conv_1", "conv_1", None]


def test_personal_data_and_secrets_are_masked_however_deep(lines):
    logs.get("test.c").info(
        "called", cause="mail to ada@shop.example", fields={"list": ["https://u:hunter2@db.example/x"]}
    )
    text = json.dumps(lines())
    assert "ada@shop.example" not in text
    assert "hunter2" not in text


def test_an_exception_is_one_line_with_its_traceback(lines):
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logs.get("test.d").exception("broken")
    (line,) = lines()
    assert line["event"] == "broken"
    assert "ValueError: two\nlines" in line["exception"]


def test_what_libraries_say_about_every_request_is_left_out(lines):
    logging.getLogger("httpx").info("HTTP Request: GET https://a.example")
    logs.get("test.e").debug("detail")
    assert lines() == []
