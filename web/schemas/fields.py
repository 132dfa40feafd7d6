"""Field types with strict validation."""

import json
import math
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma
from marshmallow import fields, validate

from worker.reading.characters import clean
from worker.store.scope import NEWEST_FIRST, SORTS

#: A language tag: `en`, `pt-BR`.
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?\Z"

_MAX_METADATA_BYTES = 16_384
_MAX_HEADERS = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Text(fields.String):
    """Text without control characters (tab and line ends may stay) and not blank unless `blank`."""

    def __init__(self, *, most: int, blank: bool = False, **options: Any) -> None:
        lengths = validate.Length(min=0 if blank else 1, max=most)
        super().__init__(validate=[lengths], **options)
        self._blank = blank

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **options)
        if _CONTROL.search(text) or _SURROGATE.search(text):
            raise ma.ValidationError("Control characters and lone surrogates are not allowed.")
        if not self._blank and not text.strip():
            raise ma.ValidationError("Must not be blank.")
        return text


class AnyText(fields.String):
    """Text with whatever characters, for readers that clean it and count what they drop; not blank."""

    def __init__(self, *, most: int, **options: Any) -> None:
        super().__init__(validate=[validate.Length(min=1, max=most)], **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **options)
        if not text.strip():
            raise ma.ValidationError("Must not be blank.")
        return text


class Words(Text):
    """Text that a human wrote: characters that nobody writes are dropped, and the rest is accepted."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        return super()._deserialize(clean(value) if isinstance(value, str) else value, attr, data, **options)


class Line(Text):
    """Text of one line."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if len(text.splitlines()) > 1 or text != text.strip():
            raise ma.ValidationError("Must be one line, without white space around it.")
        return text


class Metadata(fields.Dict):
    """A small JSON object with data of the client."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> dict[str, Any]:
        loaded: dict[str, Any] = super()._deserialize(value, attr, data, **options)  # type: ignore[no-untyped-call]
        try:
            size = len(json.dumps(loaded, allow_nan=False, ensure_ascii=False).encode())
        except (ValueError, RecursionError):
            raise ma.ValidationError("Must be plain JSON.") from None
        if size > _MAX_METADATA_BYTES:
            raise ma.ValidationError(f"Must have at most {_MAX_METADATA_BYTES} bytes.")
        return loaded


class EmailHeaders(fields.Dict):
    """Headers of an e-mail: text by name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(keys=Text(most=100), values=Words(most=2_000, blank=True), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> dict[str, str]:
        if isinstance(value, dict) and len(value) > _MAX_HEADERS:
            raise ma.ValidationError(f"Must have at most {_MAX_HEADERS} headers.")
        loaded: dict[str, str] = super()._deserialize(value, attr, data, **options)  # type: ignore[no-untyped-call]
        return loaded


class WebUrl(Text):
    """A URL with http or https and a host; with `mail`, also a mailto URL."""

    def __init__(self, *, mail: bool = False, **options: Any) -> None:
        self._mail = mail
        options.setdefault("metadata", {}).setdefault("format", "uri")
        super().__init__(most=2_000, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if self._mail and text.startswith("mailto:"):
            return text
        try:
            parts = urlsplit(text)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)
        except ValueError:
            valid = False
        if not valid:
            raise ma.ValidationError("Must be a URL that starts with http:// or https://.")
        return text


class Seconds(fields.Float):
    """A number of seconds, above 0."""

    def __init__(self, *, most: float, **options: Any) -> None:
        bounds = validate.Range(min=0, max=most, min_inclusive=False)
        super().__init__(validate=[bounds], **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> float:
        if isinstance(value, bool | str):
            raise self.make_error("invalid", input=value)
        seconds: float = super()._deserialize(value, attr, data, **options)
        if not math.isfinite(seconds):
            raise self.make_error("special")
        return seconds


class Moment(fields.String):
    """A time in RFC 3339, as whole milliseconds since 1970 UTC."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("metadata", {}).setdefault("format", "date-time")
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:  # type: ignore[override]
        text: str = super()._deserialize(value, attr, data, **options)
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            time = None
        if time is None or time.tzinfo is None or time.year < 1971:
            raise ma.ValidationError("Must be a time such as 2026-11-23T10:00:00Z.")
        return int(time.timestamp() * 1_000)


def links() -> fields.Dict:
    """Return a field for URLs by relation."""
    return fields.Dict(keys=fields.String(), values=fields.String())


def moment(**options: Any) -> fields.String:
    """Return a field for a time in RFC 3339."""
    return fields.String(metadata={"format": "date-time"}, **options)


class Position(Text):
    """The position of a page in a list that is numbered: a number, as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=64, blank=True, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if text and not re.fullmatch(r"[0-9]{1,9}", text):
            raise ma.ValidationError("Must be the `next_cursor` of the page before.")
        return text


class PageQuery(ma.Schema):
    """The page of a list."""

    cursor = Text(most=64, blank=True)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=100))

    @ma.post_load
    def _begin(self, query: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Drop an empty cursor, which clients send that fill in a URL template."""
        return {name: value for name, value in query.items() if (name, value) != ("cursor", "")}


class BoundedQuery(ma.Schema):
    """The time in which the items of a list were created."""

    created_after = Moment(metadata={"description": "created then or later"})
    created_before = Moment(metadata={"description": "created before then"})


class ListQuery(PageQuery, BoundedQuery):
    """The page of a list, and filters that most lists have."""


class SortedQuery(ListQuery):
    """A list that can be read from either end."""

    sort = fields.String(
        validate=validate.OneOf(SORTS),
        load_default=NEWEST_FIRST,
        metadata={"description": "`-created_at`: newest first; `created_at`: oldest first"},
    )


class NoQuery(ma.Schema):
    """No parameters: a list without filters refuses them, as every other list refuses those that it does not know."""


def page_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of a page of `item`."""
    return ma.Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=f"{item.__name__}Page",
    )
