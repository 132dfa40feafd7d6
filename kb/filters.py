"""Filters on passages: document, source, language, tags, audience."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

#: Who may see a passage. Only public ones are cited to customers.
AUDIENCES = ("public", "internal")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which passages count: those that meet every field that is not None, by any of its values."""

    document_ids: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    audience: str | None = None

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The facets that are wanted: one of each group."""
        named = {
            "document": self.document_ids,
            "source": self.sources,
            "language": self.languages,
            "tag": self.tags,
            "audience": None if self.audience is None else (self.audience,),
        }
        return tuple(
            tuple(f"{name}:{value}" for value in values) for name, values in named.items() if values is not None
        )


def facets(
    *, document_id: str, audience: str, source: str | None, language: str | None, tags: Iterable[str]
) -> tuple[str, ...]:
    """Return the facets of a passage; one in `pt-BR` is also one in `pt`."""
    given = [("document", document_id), ("audience", audience), ("source", source), ("language", language)]
    wider, region, _ = (language or "").partition("-")
    if region:
        given.append(("language", wider))
    return tuple(f"{name}:{value}" for name, value in given if value) + tuple(f"tag:{tag}" for tag in tags)
