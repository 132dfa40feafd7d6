"""The schema of a category, which the API and the command line validate with."""

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from worker.categories.category import Category
from worker.errors import Invalid
from worker.states import Priority

#: With fewer examples there is nothing to compare a message with.
MIN_EXAMPLES = 5
MAX_EXAMPLES = 200

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class _Message(fields.String):
    """A message as a customer writes it: not blank, no control characters."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **options).strip()
        if not text:
            raise ma.ValidationError("Must not be blank.")
        if len(text) > 1_000:
            raise ma.ValidationError(
                "Must be at most 1,000 characters: an example is one message, or its telling part."
            )
        if _CONTROL.search(text):
            raise ma.ValidationError("Control characters are not allowed.")
        return text


class CategorySchema(ma.Schema):
    """Messages that are handed off because they are like these examples."""

    priority = fields.Enum(
        Priority,
        by_value=True,
        load_default=Priority.NORMAL,
        metadata={"description": "how soon a human should look at such a message"},
    )
    examples = fields.List(
        _Message(),
        required=True,
        validate=validate.Length(min=MIN_EXAMPLES, max=MAX_EXAMPLES),
        metadata={"description": "messages of this category, as customers write them; the more different, the better"},
    )
    counter_examples = fields.List(
        _Message(),
        load_default=list,
        validate=validate.Length(max=MAX_EXAMPLES),
        metadata={"description": "messages that look like it and are not"},
    )

    @ma.validates_schema
    def _check_repetition(self, values: Mapping[str, Any], **_options: Any) -> None:
        folded = [text.casefold() for text in values.get("examples", ())]
        others = [text.casefold() for text in values.get("counter_examples", ())]
        if twice := next((text for text in folded if folded.count(text) > 1), None):
            raise ma.ValidationError(f"“{twice}” is there twice.", "examples")
        if both := next((text for text in others if text in folded), None):
            raise ma.ValidationError(f"“{both}” is an example as well.", "counter_examples")


def check_name(name: str) -> None:
    """Check the name of a category.

    Raises:
        Invalid: it has other characters than lower-case letters, digits and underscores, or is too long.
    """
    if not _NAME.fullmatch(name) or name in ("none", "complaint"):
        raise Invalid(
            "name: Must be a letter and up to 47 more of a-z, 0-9 and _, such as vip_complaint; "
            "`none` and `complaint` are taken."
        )


def load(name: str, values: Any) -> Category:
    """Return the category with these values.

    Raises:
        Invalid: a value is not valid; the message names each field.
    """
    check_name(name)
    if not isinstance(values, Mapping):
        raise Invalid("A category is a JSON object.")
    given = {key: value for key, value in values.items() if key not in ("name", "updated_at")}
    try:
        return Category.from_api(name, CategorySchema().load(given))
    except ma.ValidationError as error:
        raise Invalid(" ".join(f"{field}: {problem}" for field, problem in _problems(error.messages))) from None


def _problems(messages: Any, path: str = "") -> list[tuple[str, str]]:
    """Return the problems with the paths of their fields."""
    if isinstance(messages, Mapping):
        return [found for key, inner in messages.items() for found in _problems(inner, f"{path}.{key}".lstrip("."))]
    if isinstance(messages, list):
        return [found for inner in messages for found in _problems(inner, path)]
    return [(path, str(messages))]
