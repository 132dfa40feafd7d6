"""`answerback suggestions`, on the command line."""

import json
import re

import pytest

from tests.support.fakes import accept
from tests.support.stack import services
from worker.conversations.outcomes import Handoff


@pytest.fixture
def replied(run, tmp_path, models, valkey_url):
    """A question that the bot handed off and an agent replied to."""
    from tests.support.stack import environment

    with services(environment(tmp_path / "home", valkey_url, models)) as built:
        workspace_id = built.keys.workspace()
        made = accept(built.store, workspace_id, "Do you sell gift cards?")
        built.mailbox.finish(
            built.mailbox.claim(made["conversation_id"]), Handoff(reason="no_answer", summary="Nothing on this.")
        )
        built.actions.reply(
            workspace_id, made["conversation_id"], content="Gift cards are sold at every desk.", author="Tom"
        )
        built.actions.close(workspace_id, made["conversation_id"])


def test_a_reply_is_drafted_listed_shown_and_published(run, replied, tmp_path):
    assert "There are no open suggestions" in run("suggestions").stdout
    drafted = run("suggestions", "draft")
    assert "Drafts were made from 1 reply" in drafted.stdout, drafted.stderr
    (found,) = json.loads(run("suggestions", "--json").stdout)
    assert (found["title"], found["text"]) == ("Do you sell gift cards?", "Gift cards are sold at every desk.")
    assert "Gift cards are sold" in run("suggestions", "show", found["id"]).stdout
    text = tmp_path / "gift.md"
    text.write_text("Gift cards of €25 are sold at every desk.")
    done = run("suggestions", "accept", found["id"], "--title", "Gift cards", "--file", str(text))
    assert re.match(r"doc_\w+ is published once", done.stdout), done.stderr
    again = run("suggestions", "accept", found["id"])
    assert again.returncode == 1
    assert "is published as the document" in again.stderr
    assert run("suggestions", "refuse", "sug_none").returncode == 1
    assert [one["action"] for one in json.loads(run("audit", "--json").stdout)] == ["suggestions.accept"]
