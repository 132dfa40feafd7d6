"""Categories: those that ship, and one of a desk as a value, with its form in the API and in files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.states import Priority

#: The description of each category that ships in the summary of a handoff, most urgent first.
CATEGORIES = {
    "self_harm": "The customer may be in danger of harming themselves.",
    "safety": "The customer reports danger or injury.",
    "account_compromise": "Somebody else may be using the customer's account or money.",
    "legal": "The customer speaks of legal steps or an authority.",
    "asked_for_person": "The customer asks for a person.",
    "repeated_failure": "Earlier answers did not help the customer.",
    "anger": "The customer is very angry.",
}


@dataclass(frozen=True, kw_only=True)
class Category:
    """Messages that are handed off because they are like examples of the desk.

    Attributes:
        name: lower-case words joined by underscores; that of a category that ships adds examples to it.
        priority: how soon a human should look at them.
        examples: messages of this category, in any language that the embedding model reads.
        counter_examples: messages that look like it and are harmless.
    """

    name: str
    priority: Priority = Priority.NORMAL
    examples: tuple[str, ...] = ()
    counter_examples: tuple[str, ...] = ()

    def to_api(self) -> dict[str, Any]:
        """Return the category in the form of the API."""
        return {
            "name": self.name,
            "priority": self.priority,
            "examples": list(self.examples),
            "counter_examples": list(self.counter_examples),
        }

    @classmethod
    def from_api(cls, name: str, values: Mapping[str, Any]) -> "Category":
        """Return the category of a name with validated values (`worker.categories.schema`)."""
        return cls(
            name=name,
            priority=Priority(values.get("priority") or Priority.NORMAL),
            examples=tuple(values["examples"]),
            counter_examples=tuple(values.get("counter_examples") or ()),
        )
