"""Rules of a desk that say when a person answers, from a file of its own."""

import fnmatch
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.answering.escalation import Alarm
from worker.answering.question import Question
from worker.conversations.outcomes import PRIORITIES
from worker.errors import SettingsInvalid

_KNOWN = {"name", "phrases", "emails", "priority"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A person answers when the message holds one of the phrases, and its writer has one of the addresses.

    Of phrases and addresses (with `*`, such as `*@vip.example`), what is not given holds for everyone.
    """

    name: str
    phrases: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    priority: str = "normal"

    def meets(self, question: Question) -> str | None:
        """Return what in the question meets the rule, or None."""
        said = ""
        if self.phrases:
            text = f"{question.subject or ''}\n{question.content}"
            found = next(
                (one for one in self.phrases if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text, re.I)), None
            )
            if found is None:
                return None
            said = found
        if self.emails:
            email = str(question.facts.get("email") or "").lower()
            if not any(fnmatch.fnmatchcase(email, pattern.lower()) for pattern in self.emails):
                return None
            said = said or email
        return said


def load(path: Path | None) -> tuple[Rule, ...]:
    """Return the rules in a JSON file: a list of objects with `name` and `phrases`, `emails` or both, `priority?`.

    Raises:
        SettingsInvalid: the file is missing, or not that; one sentence for each problem.
    """
    if path is None:
        return ()
    try:
        given = json.loads(path.read_text())
    except OSError as error:
        raise SettingsInvalid([f"ANSWERBACK_RULES: {path} cannot be read: {error.strerror}."]) from None
    except ValueError as error:
        raise SettingsInvalid([f"ANSWERBACK_RULES: {path} is not JSON: {error}."]) from None
    if not isinstance(given, list):
        raise SettingsInvalid([f"ANSWERBACK_RULES: {path} must hold a list of rules."])
    problems = [
        f"ANSWERBACK_RULES: rule {n} of {path}: {why}" for n, one in enumerate(given, 1) if (why := _wrong(one))
    ]
    if problems:
        raise SettingsInvalid(problems)
    return tuple(
        Rule(
            name=one["name"],
            phrases=tuple(one.get("phrases", ())),
            emails=tuple(one.get("emails", ())),
            priority=one.get("priority", "normal"),
        )
        for one in given
    )


def _wrong(one: Any) -> str | None:
    if not isinstance(one, dict) or not isinstance(one.get("name"), str) or not one["name"].strip():
        return "it must be an object with a `name`."
    if unknown := set(one) - _KNOWN:
        return f"unknown fields {', '.join(sorted(unknown))}."
    for name in ("phrases", "emails"):
        values = one.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
            return f"`{name}` must be a list of texts."
    if not one.get("phrases") and not one.get("emails"):
        return "it needs `phrases` or `emails`, or it would meet every message."
    if one.get("priority", "normal") not in PRIORITIES:
        return f"`priority` must be one of {', '.join(PRIORITIES)}."
    return None


def assess(question: Question, rules: Sequence[Rule]) -> Alarm | None:
    """Return the alarm of the first rule that a question meets, or None."""
    for rule in rules:
        said = rule.meets(question)
        if said is not None:
            return Alarm(category=f"rule:{rule.name}", priority=rule.priority, reasons=(said,))
    return None
