"""Schemas of sources and their looks."""

import marshmallow as ma
from marshmallow import fields, validate

from kb.filters import AUDIENCES
from web.schemas.fields import LANGUAGE, Line, SortedQuery, Text, links, moment
from web.schemas.knowledge import ImportFailure
from worker.states import RunState, SourceKind, SourceState

_MIN_INTERVAL_S, _MAX_INTERVAL_S = 300, 30 * 24 * 3_600


class _Given(ma.Schema):
    name = Line(most=100, metadata={"description": "`source` of its documents; the host or folder if omitted"})
    interval_s = fields.Integer(
        strict=True,
        validate=validate.Range(min=_MIN_INTERVAL_S, max=_MAX_INTERVAL_S),
        metadata={"description": "seconds between two looks; default: a day"},
    )
    include = fields.List(
        Line(most=500),
        validate=validate.Length(max=50),
        metadata={"description": "patterns such as `*/help/*`; only URLs or paths that match one count"},
    )
    exclude = fields.List(  # type: ignore[assignment]  # a schema's own attribute gives way to its field
        Line(most=500), validate=validate.Length(max=50), metadata={"description": "patterns of what does not count"}
    )
    branch = Line(most=200, metadata={"description": "of a git repository; its default branch if omitted"})
    email = Line(
        most=320, metadata={"description": "of the user of Zendesk or Confluence Cloud that the token belongs to"}
    )
    access_key = Line(most=200, metadata={"description": "of an S3 bucket, whose secret key is the `token`"})
    token = Line(
        most=2_000,
        load_only=True,
        metadata={"description": "of a repository, help centre, wiki or bucket; never returned"},
    )
    language = fields.String(
        validate=validate.Regexp(LANGUAGE), metadata={"description": "of its documents; detected if omitted"}
    )
    tags = fields.List(Line(most=100), validate=validate.Length(max=50))
    audience = fields.String(
        validate=validate.OneOf(AUDIENCES),
        metadata={"description": "`internal` documents are never cited to customers; default: `public`"},
    )


class NewSource(_Given):
    """A new source."""

    kind = fields.String(required=True, validate=validate.OneOf(tuple(SourceKind)))
    location = Text(
        most=2_000,
        required=True,
        metadata={
            "description": "URL of the sitemap, feed, page, repository, help centre, wiki or bucket, or a folder on "
            "the workers' machines"
        },
    )


class SourceChange(_Given):
    """Changes to a source. A change of its documents' metadata or of the patterns has every item read again."""


class NewLook(ma.Schema):
    """A look at a source, now."""

    accept_loss = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        metadata={"description": "remove the documents that are gone, however many they are"},
    )


class SourceRemoval(ma.Schema):
    """How to delete a source."""

    documents = fields.String(
        validate=validate.OneOf(["keep", "delete"]),
        load_default="keep",
        metadata={"description": "what becomes of its documents"},
    )


class SourceQuery(SortedQuery):
    """Filters of the list of sources."""

    state = fields.String(validate=validate.OneOf(tuple(SourceState)))
    kind = fields.String(validate=validate.OneOf(tuple(SourceKind)))


class RunQuery(SortedQuery):
    """Filters of the list of looks; a look is created when it begins."""

    state = fields.String(validate=validate.OneOf(tuple(RunState)))


class SourceRun(ma.Schema):
    """A look at a source."""

    id = fields.String(required=True)
    source_id = fields.String(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(tuple(RunState)),
        metadata={"description": "`held`: too many documents would be gone, so none was removed"},
    )
    error = fields.String(required=True, allow_none=True)
    total = fields.Integer(
        required=True, allow_none=True, metadata={"description": "items to see to; null until they are listed"}
    )
    seen = fields.Integer(required=True, metadata={"description": "items seen to so far"})
    added = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    gone = fields.Integer(required=True, metadata={"description": "documents that were removed"})
    failures = fields.Integer(required=True, metadata={"description": "items that failed; their documents stay"})
    failed = fields.List(
        fields.Nested(ImportFailure), required=True, metadata={"description": "the first 1,000 failures"}
    )
    started_at = moment(required=True)
    finished_at = moment(required=True, allow_none=True)


class Source(ma.Schema):
    """A source of documents."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(tuple(SourceKind)))
    location = fields.String(required=True)
    include = fields.List(fields.String(), required=True)
    exclude = fields.List(fields.String(), required=True)  # type: ignore[assignment]
    branch = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    access_key = fields.String(required=True, allow_none=True)
    has_token = fields.Boolean(required=True)
    language = fields.String(required=True, allow_none=True)
    tags = fields.List(fields.String(), required=True)
    audience = fields.String(required=True, validate=validate.OneOf(AUDIENCES))
    interval_s = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(tuple(SourceState)))
    error = fields.String(required=True, allow_none=True, metadata={"description": "of the last look"})
    failures = fields.Integer(required=True, metadata={"description": "consecutive looks that failed"})
    documents = fields.Integer(required=True)
    last_run = fields.Nested(SourceRun, required=True, allow_none=True)
    looked_at = moment(required=True, allow_none=True)
    next_look_at = moment(required=True, allow_none=True)
    created_at = moment(required=True)
    updated_at = moment(required=True)
    links = links()
