"""Rows of the voices and settings of workspaces, and of what operators did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.states import Priority
from worker.store.rows.base import Json, TableRow


@dataclass(frozen=True, kw_only=True)
class VoiceRow(TableRow):
    """How the assistant of a workspace speaks."""

    workspace_id: str
    name: str | None = None
    tone: str | None = None
    max_sentences: int
    languages: Sequence[str]
    asks_back: bool | None = None
    guidance: str | None = None
    avoided_topics: Sequence[Json]
    channels: Mapping[str, Json]
    about: Mapping[str, str] | None = None
    updated_at: int


@dataclass(frozen=True, kw_only=True)
class WorkspaceSettingsRow(TableRow):
    """The settings that a workspace overrides: values as JSON has them, secrets encrypted, by name."""

    workspace_id: str
    version: int
    overrides: Mapping[str, Any]
    secrets: Mapping[str, str]
    updated_at: int


@dataclass(frozen=True, kw_only=True)
class CategoryRow(TableRow):
    """Messages that a workspace hands off because they are like its examples."""

    workspace_id: str
    name: str
    priority: Priority
    examples: Sequence[str]
    counter_examples: Sequence[str]
    updated_at: int


@dataclass(frozen=True, kw_only=True)
class AuditEntry(TableRow):
    """An action of an operator or key that changed something."""

    id: str
    workspace_id: str
    actor: str
    key_id: str | None = None
    account_id: str | None = None
    via: str
    action: str
    subject: str | None = None
    request_id: str | None = None
    changes: Sequence[Json] | None = None
    created_at: int
