"""`answerback ask`, as a person reads it in the terminal."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tests.support.fakes import FakeSearch, hit
from worker.answering.agent import Agent
from worker.answering.chat_api.errors import ModelError
from worker.answering.question import Draft
from worker.cli import desk, main
from worker.voice.voice import Voice

REFUNDS = hit("Returns are free within 30 days. Refunds take five days.", title="Refunds", url="https://shop.example/r")
COOKIES = hit("You can delete cookies in the browser.", title="Cookies", number=2)


class Answerer:
    name, version = "llm", 1

    def __init__(self, text=None, error=None):
        self.text, self.error = text, error

    def may_find_more(self, _question, /):
        return False

    def draft(self, _question, _hits, **_options):
        if self.error is not None:
            raise self.error
        return Draft(text=self.text)


@pytest.fixture
def ask(monkeypatch):
    def run(answerer):
        agent = Agent(knowledge=FakeSearch([REFUNDS, COOKIES]), answerer=answerer)
        keys = SimpleNamespace(known_workspace=lambda _name: "w")

        @contextmanager
        def services():
            voices = SimpleNamespace(get=lambda _workspace_id: Voice())
            yield SimpleNamespace(agent_of=lambda _workspace_id: agent, keys=keys, voices=voices)

        monkeypatch.setattr(desk, "open_services", services)
        return CliRunner().invoke(main, ["ask", "Are returns free, and how do I delete cookies?"])

    return run


def test_each_source_is_listed_once_with_its_quotes_below_it(ask):
    draft = (
        "Returns are free within 30 days [1]. You can delete cookies in the browser [2]. Refunds take five days [1]."
    )
    shown = ask(Answerer(draft)).stdout
    assert shown[shown.index("Sources") : shown.index("\nsupport")].splitlines() == [
        "Sources",
        "  Refunds (https://shop.example/r)",
        "    [1] “Returns are free within 30 days.”",
        "    [3] “Refunds take five days.”",
        "  Cookies",
        "    [2] “You can delete cookies in the browser.”",
    ]


def test_a_failure_says_what_failed(ask):
    failed = ask(Answerer(error=ModelError("The model did not answer in time.", recovery="retry")))
    assert failed.exit_code != 0
    assert "Answering failed: The model did not answer in time." in failed.output
