"""Restrictions of the assistant by the voice of the desk: other languages, and topics that it does not speak of."""

import re
from dataclasses import dataclass

from kb.languages import other_language_of
from worker.answering import handoffs
from worker.answering.check.support import Similarity
from worker.answering.question import Question
from worker.conversations.outcomes import Handoff
from worker.states import HandoffReason
from worker.voice.voice import Topic

#: From this cosine on, a message is about a topic; docs/quality.md says how it was chosen.
MIN_TOPIC_SIMILARITY = 0.5


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """Why a message is handed off: the reason, its category, a sentence for the agent, and the words that show it."""

    reason: HandoffReason
    category: str
    why: str
    shown_by: tuple[str, ...] = ()


def by_words(question: Question) -> Restriction | None:
    """Return the restriction that the words of a message show: its language, or a phrase of an avoided topic."""
    voice = question.voice
    text = _text(question)
    if voice.languages and (language := other_language_of(question.content, voice.languages)) is not None:
        why = f"The customer writes in a language that the assistant does not answer in ({language})."
        return Restriction(reason=HandoffReason.LANGUAGE, category=f"language:{language}", why=why)
    for topic in voice.avoided_topics:
        for phrase in topic.phrases:
            if _pattern(phrase).search(text):
                return on_topic(topic, shown_by=(phrase,))
    return None


def by_meaning(question: Question, similarity: Similarity | None) -> Restriction | None:
    """Return the avoided topic that a message is nearest to, if it is near enough."""
    topics = question.voice.avoided_topics
    if similarity is None or not topics:
        return None
    text = _text(question)
    nearest = max(topics, key=lambda topic: _similarity(topic, text, similarity))
    return on_topic(nearest) if _similarity(nearest, text, similarity) >= MIN_TOPIC_SIMILARITY else None


def by_model(question: Question, number: int) -> Restriction:
    """Return the avoided topic with the number that a model gave, from 1; 0 or another for none in particular."""
    topics = question.voice.avoided_topics
    return on_topic(topics[number - 1] if 0 < number <= len(topics) else None)


def on_topic(topic: Topic | None, *, shown_by: tuple[str, ...] = ()) -> Restriction:
    """Return the restriction of a message about a topic."""
    name = f": {topic.name}" if topic is not None else ""
    return Restriction(
        reason=HandoffReason.AVOIDED_TOPIC,
        category=f"topic:{topic.name}" if topic is not None else HandoffReason.AVOIDED_TOPIC,
        why=f"The assistant does not speak of this{name}.",
        shown_by=shown_by,
    )


def handoff(question: Question, restriction: Restriction) -> Handoff:
    """Return the handoff of a message that the desk's voice does not let the assistant answer."""
    return Handoff(
        reason=restriction.reason,
        summary=handoffs.summary(question, restriction.why),
        category=restriction.category,
        reasons=restriction.shown_by,
    )


def avoided_words(question: Question) -> re.Pattern[str] | None:
    """Return a pattern of the words that a sentence for the customer must not have; None when there are none."""
    phrases = [phrase for topic in question.voice.avoided_topics for phrase in topic.phrases]
    return re.compile("|".join(_pattern(phrase).pattern for phrase in phrases), re.I) if phrases else None


def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.I)


def _text(question: Question) -> str:
    subject = question.subject if question.subject and not question.turns else ""
    return f"{subject}\n{question.asked}".strip()


def _similarity(topic: Topic, text: str, similarity: Similarity) -> float:
    return max(similarity(text, words) for words in (topic.name, *topic.phrases))
