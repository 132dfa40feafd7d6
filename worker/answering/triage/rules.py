"""Rules of the desk, read from a file, that hand certain messages off to a human."""

import fnmatch
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.answering.question import Question
from worker.answering.triage.escalation import Alarm
from worker.conversations.outcomes import PRIORITIES
from worker.errors import SettingsInvalid
from worker.states import Priority

_FIELDS = {"name", "phrases", "emails", "priority"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Matches a message that has one of the phrases and whose sender has one of the e-mail addresses.

    An address may have wildcards, such as `*@vip.example`. An empty list of phrases or addresses matches everything.
    """

    name: str
    phrases: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL

    def match(self, question: Question) -> str | None:
        """Return the phrase or address by which the question matches, or None when it does not."""
        matched = ""
        if self.phrases:
            text = f"{question.subject or ''}\n{question.content}"
            found = next(
                (phrase for phrase in self.phrases if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.I)), None
            )
            if found is None:
                return None
            matched = found
        if self.emails:
            email = str(question.facts.get("email") or "").lower()
            if not any(fnmatch.fnmatchcase(email, pattern.lower()) for pattern in self.emails):
                return None
            matched = matched or email
        return matched


def load(path: Path | None) -> tuple[Rule, ...]:
    """Return the rules in a JSON file: a list of objects with `name`, `phrases` or `emails` or both, and `priority?`.

    Raises:
        SettingsInvalid: the file is missing or malformed; one sentence for each problem.
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
        f"ANSWERBACK_RULES: rule {n} of {path}: {why}" for n, rule in enumerate(given, 1) if (why := _problem(rule))
    ]
    if problems:
        raise SettingsInvalid(problems)
    return tuple(
        Rule(
            name=rule["name"],
            phrases=tuple(rule.get("phrases", ())),
            emails=tuple(rule.get("emails", ())),
            priority=Priority(rule.get("priority", Priority.NORMAL)),
        )
        for rule in given
    )


def _problem(rule: Any) -> str | None:
    if not isinstance(rule, dict) or not isinstance(rule.get("name"), str) or not rule["name"].strip():
        return "it must be an object with a `name`."
    if unknown := set(rule) - _FIELDS:
        return f"unknown fields {', '.join(sorted(unknown))}."
    for name in ("phrases", "emails"):
        values = rule.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
            return f"`{name}` must be a list of texts."
    if not rule.get("phrases") and not rule.get("emails"):
        return "it needs `phrases` or `emails`, or it would match every message."
    if rule.get("priority", Priority.NORMAL) not in PRIORITIES:
        return f"`priority` must be one of {', '.join(PRIORITIES)}."
    return None


def assess(question: Question, rules: Sequence[Rule]) -> Alarm | None:
    """Return the alarm of the first rule that a question matches, or None."""
    for rule in rules:
        matched = rule.match(question)
        if matched is not None:
            return Alarm(category=f"rule:{rule.name}", priority=rule.priority, reasons=(matched,))
    return None
