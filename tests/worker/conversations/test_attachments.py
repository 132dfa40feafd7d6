"""Files come with a message, are read once, cited as such, and go when their conversation goes."""

import pytest
import sqlalchemy as sa

from kb import documents, isolation
from kb.errors import DocumentTooLarge, DocumentUnreadable
from tests.support import files
from tests.support.fakes import FakeAnswerer, FakeSearch, TableClock, hit
from worker.answering.agent import Agent
from worker.answering.question import Question
from worker.answering.questions.attachment_search import EmbeddingAttachmentSearch
from worker.conversations.attachments import Attachments
from worker.conversations.intake import Intake, Opening, Submission
from worker.conversations.outcomes import Answer, Handoff
from worker.errors import Invalid
from worker.store.tables import attachment, conversation, message

#: Files are read in a process of their own.
pytestmark = pytest.mark.processes


@pytest.fixture
def kept(store):
    return Attachments(store)


@pytest.fixture
def intake(store):
    return Intake(store)


def add(kept, workspace_id, name="guide.md", data=b"# Guide\n\nPress the red button twice.", kind="text/markdown"):
    return kept.add(workspace_id, name=name, media_type=kind, data=data)["id"]


def count(store, table):
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def submit(intake, workspace_id, *ids, external_id=None):
    return intake.submit(
        workspace_id, Opening(external_id=external_id), Submission(content="What now?", deadline_s=60, attachments=ids)
    ).message


def test_a_file_is_read_once_and_what_it_says_is_kept(store, kept, workspace_id, monkeypatch):
    word = add(kept, workspace_id, "warranty.docx", files.word(), kind=documents.WORD)
    (first,) = kept.read(workspace_id, [word])
    assert "warranty of two years" in first.document.text

    def never(*_arguments, **_options):
        raise AssertionError("read again")

    monkeypatch.setattr(isolation, "read", never)
    (again,) = kept.read(workspace_id, [word])
    assert (again.document.text, again.document.sections) == (first.document.text, first.document.sections)


def test_what_cannot_be_read_says_why_and_the_others_are_read(kept, workspace_id):
    ids = [
        add(kept, workspace_id, "scan.pdf", files.pdf([[]]), kind="application/pdf"),
        add(kept, workspace_id),
    ]
    scan, guide = kept.read(workspace_id, ids)
    assert "scanned" in scan.problem
    assert scan.document is None
    assert guide.document.text.startswith("Guide")
    assert "scanned" in kept.read(workspace_id, ids)[0].problem


def test_files_of_no_use_are_refused_at_the_door(kept, workspace_id):
    with pytest.raises(DocumentUnreadable):
        add(kept, workspace_id, "x.pdf", b"no pdf", kind="application/pdf")
    with pytest.raises(DocumentTooLarge):
        add(kept, workspace_id, "x.txt", b"x" * (10 * 1024 * 1024 + 1), kind="text/plain")


def test_a_message_takes_its_files_along_and_nobody_elses(store, kept, intake, workspace_id):
    from worker.access.keys import Keys

    mine, theirs = add(kept, workspace_id), add(kept, Keys(store).workspace("other"))
    sent = submit(intake, workspace_id, mine, external_id="a")
    assert sent["attachments"] == [mine]
    assert submit(intake, workspace_id, mine, external_id="a")["attachments"] == [mine]
    for ids, external_id in (((theirs,), "a"), (("att_none",), "a"), ((mine,), "b")):
        before = count(store, message)
        with pytest.raises(Invalid):
            submit(intake, workspace_id, *ids, external_id=external_id)
        assert count(store, message) == before


def test_unused_files_go_after_a_day_and_used_ones_with_their_conversation(store, kept, intake, workspace_id):
    add(kept, workspace_id)
    used = add(kept, workspace_id)
    submit(intake, workspace_id, used)
    assert kept.clean_up() == 0
    TableClock.advance(store, 86_401)
    assert kept.clean_up() == 1
    assert count(store, attachment) == 1
    with store.begin() as tx:
        tx.execute(conversation.delete())
    assert count(store, attachment) == 0


def answered(kept, workspace_id, embedder, ids, *, draft, hits=(), content="What does the red button do?"):
    agent = Agent(
        knowledge=FakeSearch(list(hits)),
        answerer=FakeAnswerer(draft),
        attachment_search=EmbeddingAttachmentSearch(embedder),
    )
    question = Question(workspace_id=workspace_id, content=content, attachments=kept.read(workspace_id, ids))
    return agent.answer(question)


def test_an_answer_from_a_file_cites_the_file(kept, workspace_id, embedder):
    guide = add(kept, workspace_id, data=b"# Guide\n\nThe red button restarts the device.")
    outcome = answered(kept, workspace_id, embedder, [guide], draft="The red button restarts the device [1].")
    assert isinstance(outcome, Answer)
    (citation,) = outcome.citations
    assert (citation.document_id, citation.title) == (guide, "guide.md")
    text = kept.read(workspace_id, [guide])[0].document.text
    assert text[citation.start : citation.end] == citation.quote == "The red button restarts the device."


def test_a_file_that_cannot_be_read_is_told_to_the_person_not_the_customer(kept, workspace_id, embedder):
    scan = add(kept, workspace_id, "scan.pdf", files.pdf([[]]), kind="application/pdf")
    far = [hit("Cookies are small files.", dense=0.1)]
    outcome = answered(kept, workspace_id, embedder, [scan], draft="x", hits=far)
    assert isinstance(outcome, Handoff)
    assert "scan.pdf, which could not be read: The PDF holds no text" in outcome.summary
