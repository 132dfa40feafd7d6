"""What a worker process has, by the queues that it consumes."""

from dataclasses import replace

import pytest

from worker.runtime import duties
from worker.services.worker import WorkerContext, build_worker


@pytest.fixture
def build(settings):
    built = []

    def do(*roles, context=None, **changes):
        worker = build_worker(replace(settings, **changes), roles=roles, context=context or WorkerContext())
        built.append(worker)
        return worker

    yield do
    for worker in built:
        worker.common.close(timeout_s=0.1)


def names(worker):
    return {type(duty) for duty, _every_s in worker.sweeper._duties}


COMMON = {
    duties.ReportPresence,
    duties.HandOffOverdue,
    duties.DropExpired,
    duties.ResumeQuiet,
    duties.FollowServiceLevels,
    duties.ApplyServicePolicies,
}
DELIVERING = {
    duties.SendDueDeliveries,
    duties.SendAccountMail,
    duties.SendWeeklyReports,
    duties.SendVisitorMail,
    duties.WorkOnMailboxes,
}


def test_each_role_brings_its_own_duties_and_all_share_the_others(build):
    assert names(build("callback")) == COMMON | DELIVERING
    assert names(build("ingest")) == COMMON | {duties.HintAtDocuments}
    answering = {duties.AnswerReady, duties.DraftSuggestions, duties.CountForReports}
    assert names(build("answer", "callback")) == COMMON | DELIVERING | answering


def test_a_worker_with_a_language_model_has_the_same_duties(build):
    worker = build("answer", openai_base_url="http://127.0.0.1:9/v1", answerer="llm")
    assert names(worker) >= {duties.AnswerReady, duties.DraftSuggestions}


def test_quiet_conversations_are_resumed_by_every_worker_as_a_workspace_may_want_it(build):
    assert duties.ResumeQuiet in names(build("callback"))


def test_without_the_embedding_model_a_worker_answers_by_words_and_says_so(build):
    worker = build("answer")
    assert worker.answering.lexical_only
    assert worker.presence._state() == "lexical_only"
    worker.watchdog.stop()
    assert worker.presence._state() == "stopping"
