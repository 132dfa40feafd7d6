"""Schemas of the knowledge base."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from kb.filters import AUDIENCES
from web.schemas.fields import (
    LANGUAGE,
    AnyText,
    BoundedQuery,
    Line,
    SortedQuery,
    Text,
    WebUrl,
    Words,
    links,
    moment,
)
from worker.states import ImportState


class GivenMetadata(ma.Schema):
    """Document metadata, which searches can filter by; omitted fields are unchanged when a document is replaced."""

    source = Line(most=100, metadata={"description": "collection of the document, such as `help-centre`"})
    language = fields.String(
        validate=validate.Regexp(LANGUAGE), metadata={"description": "such as `en`; detected from the text if omitted"}
    )
    tags = fields.List(Line(most=100), validate=validate.Length(max=50))
    audience = fields.String(
        validate=validate.OneOf(AUDIENCES),
        metadata={"description": "`internal` documents are never cited to customers; default: `public`"},
    )


#: The same fields in a form.
METADATA_OF_FORM = {
    "source": {"type": "string", "minLength": 1, "maxLength": 100},
    "language": {"type": "string", "pattern": LANGUAGE.replace(r"\Z", "$")},
    "tags": {"type": "string", "description": "separated by commas"},
    "audience": {"type": "string", "enum": list(AUDIENCES)},
}


class NewDocument(GivenMetadata):
    """A new document, as text."""

    title = Words(most=500, required=True)
    text = AnyText(most=2_000_000, required=True, metadata={"description": "Markdown"})
    url = WebUrl()


class NewImport(GivenMetadata):
    """Pages to import: a list of URLs, or a sitemap."""

    urls = fields.List(WebUrl(), validate=validate.Length(min=1, max=1_000))
    sitemap = WebUrl()

    @ma.validates_schema
    def _one_required(self, data: dict[str, Any], **_options: Any) -> None:
        if ("urls" in data) == ("sitemap" in data):
            raise ma.ValidationError("Give either `urls` or `sitemap`.", "urls")


class ImportFailure(ma.Schema):
    """A document that could not be imported."""

    name = fields.String(required=True)
    reason = fields.String(required=True)


class Import(ma.Schema):
    """An import of many documents."""

    id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["archive", "urls", "sitemap"]))
    name = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["queued", "running", "done", "failed"]))
    error = fields.String(required=True, allow_none=True)
    added = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    failures = fields.Integer(required=True)
    failed = fields.List(
        fields.Nested(ImportFailure), required=True, metadata={"description": "the first 1,000 failures"}
    )
    created_at = moment(required=True)
    finished_at = moment(required=True, allow_none=True)
    links = links()


class Reading(ma.Schema):
    """The outcome of reading a document's file: counts of what is not in its text, by kind."""

    left_out = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "parts of the file that are not read, such as `hidden_sheets`, `comments`, `images`"},
    )
    cleaned = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "characters that were dropped or changed, such as `control_characters`"},
    )
    charset = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the charset of a text that names none, told by its bytes; null where it is certain"},
    )


class Document(ma.Schema):
    """A document of the knowledge base."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)
    media_type = fields.String(required=True)
    source = fields.String(required=True, allow_none=True)
    language = fields.String(required=True, allow_none=True)
    tags = fields.List(fields.String(), required=True)
    audience = fields.String(required=True, validate=validate.OneOf(AUDIENCES))
    state = fields.String(required=True, validate=validate.OneOf(["queued", "indexing", "ready", "failed"]))
    error = fields.String(required=True, allow_none=True)
    text = fields.String(allow_none=True, metadata={"description": "included for a single document only"})
    reading = fields.Nested(Reading, required=True, allow_none=True, metadata={"description": "null until it is read"})
    passages = fields.Integer(required=True)
    created_at = moment(required=True)
    updated_at = moment(required=True)
    links = links()


class _DocumentFilters(BoundedQuery):
    state = fields.String(validate=validate.OneOf(["queued", "indexing", "ready", "failed"]))
    source = Line(most=100)
    language = fields.String(validate=validate.Regexp(LANGUAGE))
    tag = Line(most=100)
    audience = fields.String(validate=validate.OneOf(AUDIENCES))


class DocumentQuery(SortedQuery, _DocumentFilters):
    """Filters of the list of documents."""


class DocumentDeletion(_DocumentFilters):
    """Filters of the documents to delete: at least one."""

    dry_run = fields.Boolean(
        truthy={True}, falsy={False}, load_default=False, metadata={"description": "count them, and delete none"}
    )

    @ma.validates_schema
    def _one_required(self, data: dict[str, Any], **_options: Any) -> None:
        if not data.keys() - {"dry_run"}:
            raise ma.ValidationError("Give at least one filter.", "body")


class DeletedDocuments(ma.Schema):
    """How many documents match, and how many are deleted."""

    matched = fields.Integer(required=True)
    deleted = fields.Integer(required=True, metadata={"description": "0 with `dry_run`"})


class ImportQuery(SortedQuery):
    """Filters of the list of imports."""

    state = fields.String(validate=validate.OneOf(tuple(ImportState)))
    kind = fields.String(validate=validate.OneOf(["archive", "urls", "sitemap"]))


class SearchFilters(ma.Schema):
    """Filters of a search. A passage must match every filter, by any of its values."""

    document_ids = fields.List(Text(most=64), validate=validate.Length(max=200))
    sources = fields.List(Text(most=100), validate=validate.Length(max=50))
    languages = fields.List(fields.String(validate=validate.Regexp(LANGUAGE)), validate=validate.Length(max=50))
    tags = fields.List(Text(most=100), validate=validate.Length(max=50))
    audience = fields.String(validate=validate.OneOf(AUDIENCES))


class NewSearch(ma.Schema):
    """A search."""

    query = Text(most=2_000, required=True)
    limit = fields.Integer(strict=True, load_default=8, validate=validate.Range(min=1, max=50))
    filters = fields.Nested(SearchFilters)


class Scores(ma.Schema):
    """The scores of the dense and the lexical index; null if the index did not find the passage."""

    dense = fields.Float(required=True, allow_none=True)
    lexical = fields.Float(required=True, allow_none=True)


class FoundPassage(ma.Schema):
    """A passage found by a search."""

    document_id = fields.String(required=True)
    title = fields.String(required=True)
    headings = fields.List(fields.String(), required=True)
    url = fields.String(required=True, allow_none=True)
    text = fields.String(required=True)
    source = fields.String(required=True, allow_none=True)
    language = fields.String(required=True, allow_none=True)
    tags = fields.List(fields.String(), required=True)
    audience = fields.String(required=True, validate=validate.OneOf(AUDIENCES))
    start = fields.Integer(required=True)
    end = fields.Integer(required=True)
    score = fields.Float(required=True)
    scores = fields.Nested(Scores, required=True)


class SearchResult(ma.Schema):
    """Passages, best first."""

    snapshot = fields.String(
        required=True, allow_none=True, metadata={"description": "null if no snapshot is published"}
    )
    items = fields.List(fields.Nested(FoundPassage), required=True)


class Snapshot(ma.Schema):
    """A published version of the knowledge base."""

    version = fields.String(required=True)
    active = fields.Boolean(required=True)
    documents = fields.Integer(required=True)
    passages = fields.Integer(required=True)
    model = fields.String(required=True)
    created_at = moment(required=True)
