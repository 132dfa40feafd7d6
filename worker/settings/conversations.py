"""Messages, sessions, and how long what happened is kept."""

from dataclasses import dataclass
from typing import ClassVar

from worker.settings import parsers
from worker.settings.setting import setting


@dataclass(frozen=True, kw_only=True)
class ConversationSettings:
    """Messages, sessions, and how long what happened is kept."""

    title: ClassVar[str] = "Conversations"

    deadline_s: float = setting(
        "ANSWERBACK_DEADLINE_S", "time a message has until it is handed off", parsers.positive_number, 120.0
    )
    lease_s: float = setting("ANSWERBACK_LEASE_S", "lease on a conversation", parsers.positive_number, 10.0)
    max_attempts: int = setting(
        "ANSWERBACK_MAX_ATTEMPTS", "attempts at one message before it is handed off", parsers.positive_integer, 5
    )
    idempotency_s: float = setting(
        "ANSWERBACK_IDEMPOTENCY_S", "time that an Idempotency-Key is remembered", parsers.positive_number, 86_400.0
    )
    burst: str = setting(
        "ANSWERBACK_BURST",
        "`merge`: messages queued together get one reply; `each`: one each",
        parsers.one_of("merge", "each"),
        "merge",
    )
    max_replies_per_hour: int = setting(
        "ANSWERBACK_MAX_REPLIES_PER_HOUR",
        "replies of the bot in one conversation in an hour without a human's doing, so that two bots do not talk to "
        "each other; then a human takes it; 0 for any number, also of messages that only repeat each other",
        parsers.integer,
        30,
    )
    resume_after_h: float = setting(
        "ANSWERBACK_RESUME_AFTER_H",
        "hours after which a conversation that a human owns and in which nobody writes is the bot's again; 0 for never",
        parsers.hours,
        0.0,
    )
    response_targets: tuple[str, ...] = setting(
        "ANSWERBACK_RESPONSE_TARGETS",
        "time until a human's first reply to a conversation that was handed off, by priority: "
        "`urgent=30m,high=2h,normal=8h`; a priority without one has no target",
        parsers.targets,
        (),
    )
    resolution_targets: tuple[str, ...] = setting(
        "ANSWERBACK_RESOLUTION_TARGETS",
        "time until a conversation that was handed off is closed or the bot's again, by priority, without the time in "
        "which a human waits for the customer: `urgent=4h,normal=16h`",
        parsers.targets,
        (),
    )
    business_hours: tuple[str, ...] = setting(
        "ANSWERBACK_BUSINESS_HOURS",
        "hours in which the time of these targets passes: a time zone, days with their hours, and closed dates: "
        "`Europe/Berlin,mon-fri 09:00-17:30,sat 10:00-14:00,2026-12-25`; always if empty",
        parsers.business_hours,
        (),
    )
    session_ttl_s: float = setting(
        "ANSWERBACK_SESSION_TTL_S", "life of session state after its last use", parsers.positive_number, 86_400.0
    )
    session_limit: int = setting(
        "ANSWERBACK_SESSION_LIMIT", "sessions kept at most; the oldest go first", parsers.positive_integer, 100_000
    )
    session_history: int = setting(
        "ANSWERBACK_SESSION_HISTORY", "turns of a conversation that a session keeps", parsers.positive_integer, 20
    )
    session_keys: tuple[str, ...] = setting(
        "ANSWERBACK_SESSION_KEYS",
        "Fernet keys that encrypt session state, newest first, with commas",
        parsers.names,
        (),
        secret=True,
    )
    events_days: float = setting(
        "ANSWERBACK_EVENTS_DAYS", "days that events are kept, which streams tell; 0 for ever", parsers.number, 90.0
    )
    deliveries_days: float = setting(
        "ANSWERBACK_DELIVERIES_DAYS",
        "days that callbacks and posts which are done with are kept, with their attempts, and mail of no conversation; "
        "0 for ever",
        parsers.number,
        30.0,
    )
    audit_days: float = setting(
        "ANSWERBACK_AUDIT_DAYS", "days that what operators did is kept; 0 for ever", parsers.number, 730.0
    )
