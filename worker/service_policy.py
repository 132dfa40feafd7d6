"""The targets of a workspace, and the hours in which their time passes."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from worker.business_hours import ALWAYS, Hours, hours_of
from worker.states import Priority

_DURATION = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,4})m)?")

#: The share of a target's time after which it counts as due soon.
WARNING_SHARE = 0.75


class ServiceTarget(StrEnum):
    """Target of a service level: a human's first reply, and the end of the work on a conversation."""

    FIRST_RESPONSE = "first_response"
    RESOLUTION = "resolution"


class TargetState(StrEnum):
    """State of a target: its time passes, it waits for the customer, it was reached, or nothing was left to do."""

    RUNNING = "running"
    PAUSED = "paused"
    REACHED = "reached"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The targets of a workspace in ms of working time, by target and priority."""

    targets: Mapping[tuple[ServiceTarget, Priority], int]
    hours: Hours = ALWAYS
    digest: str = ""  # tells policies apart; empty without targets

    @classmethod
    def of(cls, response: Sequence[str], resolution: Sequence[str], hours: Sequence[str]) -> "Policy":
        """Return the policy that the values of the settings stand for."""
        named = ((ServiceTarget.FIRST_RESPONSE, response), (ServiceTarget.RESOLUTION, resolution))
        targets = {(target, priority): ms for target, items in named for priority, ms in map(parse_target, items)}
        values = json.dumps([list(response), list(resolution), list(hours)])
        digest = hashlib.sha256(values.encode()).hexdigest() if targets else ""
        return cls(targets=targets, hours=hours_of(hours), digest=digest)


def parse_target(text: str) -> tuple[Priority, int]:
    """Return the priority and the time in ms of a target such as `urgent=30m` or `normal=8h30m`.

    Raises:
        ValueError: it has another form.
    """
    priority, _, duration = text.partition("=")
    found = _DURATION.fullmatch(duration.strip())
    ms = 0 if found is None else (int(found[1] or 0) * 60 + int(found[2] or 0)) * 60_000
    if ms == 0:
        raise ValueError
    return Priority(priority.strip().lower()), ms
