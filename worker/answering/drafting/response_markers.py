"""The markers that the system prompt lets a model write instead of an answer."""

import re
from dataclasses import replace

from worker.answering import prompts
from worker.answering.drafting import clarifying
from worker.answering.question import Draft
from worker.categories.category import CATEGORIES
from worker.conversations.outcomes import Usage

#: Characters that models put around a marker, and the marker that has a number.
_EDGES = "`*\"'. \n"
_AVOIDED = re.compile(rf"{prompts.AVOIDED_TOPIC}\W*(\d{{1,2}})?")

#: The marker that asks for a human, and the category of escalation that a model may add to it.
_HUMAN = re.compile(rf"{prompts.PERSON}\b(?:[\s:,.()*`-]*({'|'.join(CATEGORIES)})\)?)?")


def is_clarification(text: str) -> bool:
    """Whether a text is a question back, also while it is written; it is not checked as an answer is."""
    return text.lstrip(_EDGES).startswith(prompts.CLARIFY)


def marker_of(text: str) -> str:
    """Return the marker that a text is and nothing else, with its number or reason, or an empty string."""
    bare = text.strip(_EDGES)
    if bare == prompts.NO_ANSWER or _HUMAN.fullmatch(bare) or _AVOIDED.fullmatch(bare):
        return bare
    return prompts.CLARIFY if is_clarification(text) else ""


def draft_of(text: str, model: str, usage: Usage) -> Draft:
    """Return the draft that a text is: an answer, or what its marker stands for."""
    draft = Draft(text=None, model=model, usage=usage)
    match marker := marker_of(text):
        case "":
            return replace(draft, text=text)
        case prompts.NO_ANSWER:
            return draft
        case prompts.CLARIFY:
            written = text.lstrip(_EDGES).removeprefix(prompts.CLARIFY).lstrip(f":{_EDGES}")
            return replace(draft, clarification=clarifying.parse(written))
        case _ if (human := _HUMAN.fullmatch(marker)) is not None:
            return replace(draft, wants_human=True, category=human[1])
        case _:
            number = _AVOIDED.fullmatch(marker)
            return replace(draft, avoided_topic=int(number[1] or 0) if number is not None else 0)
