"""Answers to questions that belong to no conversation: nothing is stored, and nobody is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from worker.answering.agent import Agent
from worker.answering.question import Question
from worker.conversations.outcomes import Answer, Handoff, Retry
from worker.conversations.sessions import Turn
from worker.errors import AnswerbackError
from worker.ids import new_id
from worker.reading.message import read
from worker.states import MessageState, Role
from worker.voice.rendering import with_sources
from worker.voice.voice import Voice


def answering(
    agent_of: Callable[[str, Mapping[str, Any]], Agent], voice: Callable[[str], Voice]
) -> Callable[..., dict[str, Any]]:
    """Return the responder (`worker.knowledge.search_service.Kind`) for direct answers.

    Args:
        agent_of: returns the agent of a workspace, one without effects, with settings that are tried before they are
            saved (`WorkspaceSettings.sealed`).
        voice: returns the voice of a workspace.
    """

    def answer(
        *,
        workspace_id: str,
        question: str,
        key_id: str | None,
        remaining_s: float,
        turns: Sequence[Mapping[str, str]] = (),
        tried: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        id = new_id("ask")  # the accounts of models have a conversation and a message
        outcome = agent_of(workspace_id, tried or {}).answer(
            Question(
                workspace_id=workspace_id,
                content=read(question).written,
                conversation_id=id,
                message_id=id,
                key_id=key_id,
                seq=len(turns),
                turns=[
                    Turn(seq=seq, role=Role(turn["role"]), content=turn["content"]) for seq, turn in enumerate(turns)
                ],
                remaining_s=remaining_s,
                voice=voice(workspace_id),
            )
        )
        if isinstance(outcome, Retry):
            raise AnswerbackError(str(outcome.error.get("message", "The language model does not answer at present.")))
        return to_api(outcome)

    return answer


def to_api(outcome: Answer | Handoff) -> dict[str, Any]:
    """Return an outcome in the form of the API."""
    fields = {
        "state": MessageState.HANDED_OFF if isinstance(outcome, Handoff) else MessageState.ANSWERED,
        "answer": None,
        "handoff": None,
        "retrieved": outcome.retrieved,
        "usage": asdict(outcome.usage),
        "timings": dict(outcome.timings),
    }
    if isinstance(outcome, Handoff):
        handoff = outcome.to_api()
        del handoff["escalation_id"]
        return {**fields, "handoff": handoff}
    citations = [asdict(citation) for citation in outcome.citations]
    answer = {
        "kind": outcome.kind,
        "content": outcome.content,
        "options": list(outcome.options),
        "text": with_sources(outcome.content, citations, outcome.citation_style),
        "unanswered": list(outcome.unanswered),
        "citations": citations,
        "support": outcome.support,
        "confidence": outcome.confidence,
        "answerer": outcome.answerer,
        "model": outcome.model,
        "snapshot": outcome.snapshot,
    }
    return {**fields, "answer": answer}
