"""The facts of one conversation that reports count, from its messages and escalations; docs/reports.md defines them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from worker.states import HandoffReason, MessageState, Owner, Rating, ReplyKind, Role


class ReportedOutcome(StrEnum):
    """How reports count a conversation; docs/reports.md defines each."""

    RESOLVED_BY_BOT = "resolved_by_bot"
    PARTLY_ANSWERED = "partly_answered"
    RESOLVED_BY_HUMAN = "resolved_by_human"
    OPEN = "open"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A message of a customer or an agent, with the bot's reply to it. Times are in ms since 1970.

    `open_questions` says whether the reply leaves a question of the message without an answer.
    """

    role: Role
    state: MessageState
    at: int
    reason: HandoffReason | None = None
    rating: Rating | None = None
    replied_at: int | None = None
    reply_kind: ReplyKind | None = None
    open_questions: bool = False


@dataclass(frozen=True, kw_only=True)
class Work:
    """An escalation; `closed_at` is None while it is not closed."""

    reason: HandoffReason
    closed_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Course:
    """The course of a conversation: its messages in their order, the work for humans, and what models cost."""

    owner: Owner
    said: Sequence[Said]
    work: Sequence[Work] = ()
    cost_usd: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts of a conversation that reports count; its fields are columns of `conversation_fact`."""

    started_at: int
    outcome: ReportedOutcome
    handoff_reason: HandoffReason | None
    reopened: bool
    rating: Rating | None
    first_response_ms: int | None
    resolution_ms: int | None
    cost_usd: float


def facts_of(course: Course) -> Facts | None:
    """Return the facts of a conversation; None where no customer wrote, or all that they wrote was cancelled."""
    asked = [said for said in course.said if said.role == Role.CUSTOMER and said.state != MessageState.CANCELLED]
    if not asked:
        return None
    started_at = asked[0].at
    agents = [said.at for said in course.said if said.role == Role.AGENT]
    replies = [said.replied_at for said in asked if said.replied_at is not None] + agents
    outcome = _outcome(course, asked, has_agent=bool(agents))
    ratings = [said.rating for said in asked if said.rating is not None]
    return Facts(
        started_at=started_at,
        outcome=outcome,
        handoff_reason=_reason(course, asked, has_agent=bool(agents)),
        reopened=_is_reopened(course, asked, agents),
        rating=ratings[-1] if ratings else None,
        first_response_ms=max(0, min(replies) - started_at) if replies else None,
        resolution_ms=_resolution_ms(course, outcome, replies, started_at),
        cost_usd=course.cost_usd,
    )


def _outcome(course: Course, asked: Sequence[Said], *, has_agent: bool) -> ReportedOutcome:
    last = asked[-1]
    if course.owner != Owner.CLOSED and (
        course.owner == Owner.HUMAN
        or last.state in (MessageState.QUEUED, MessageState.RUNNING)
        or any(work.closed_at is None for work in course.work)
    ):
        return ReportedOutcome.OPEN
    if has_agent or (course.owner == Owner.CLOSED and any(said.state == MessageState.HANDED_OFF for said in asked)):
        return ReportedOutcome.RESOLVED_BY_HUMAN
    answers = [said for said in asked if _is_answer(said)]
    is_settled = last.state == MessageState.ANSWERED and last.reply_kind != ReplyKind.CLARIFICATION
    if not answers or not is_settled or answers[-1].rating == Rating.BAD:
        return ReportedOutcome.UNRESOLVED
    return ReportedOutcome.PARTLY_ANSWERED if answers[-1].open_questions else ReportedOutcome.RESOLVED_BY_BOT


def _is_answer(said: Said) -> bool:
    return said.state == MessageState.ANSWERED and said.reply_kind == ReplyKind.ANSWER


def _reason(course: Course, asked: Sequence[Said], *, has_agent: bool) -> HandoffReason | None:
    """Return why a human first had the conversation; that an agent owned it says less than any other reason."""
    reasons = [said.reason for said in asked if said.reason is not None] + [work.reason for work in course.work]
    telling = [reason for reason in reasons if reason != HandoffReason.OWNED_BY_HUMAN]
    if telling:
        return telling[0]
    return HandoffReason.OWNED_BY_HUMAN if reasons or has_agent else None


def _is_reopened(course: Course, asked: Sequence[Said], agents: Sequence[int]) -> bool:
    """Whether the customer needed more: a human after an answer, or anything after an agent's work was closed."""
    if any(_is_answer(said) and then.state == MessageState.HANDED_OFF for said, then in pairwise(asked)):
        return True
    ends = [work.closed_at for work in course.work if work.closed_at is not None]
    return any(asked[-1].at > end for end in ends if any(at <= end for at in agents))


def _resolution_ms(course: Course, outcome: ReportedOutcome, replies: Sequence[int], started_at: int) -> int | None:
    if outcome not in (ReportedOutcome.RESOLVED_BY_BOT, ReportedOutcome.RESOLVED_BY_HUMAN):
        return None
    ends = replies or [work.closed_at for work in course.work if work.closed_at is not None]
    return max(0, max(ends) - started_at) if ends else None
