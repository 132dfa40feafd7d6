"""An exception for each `code` of the API's errors.

Generated from docs/openapi.json by clients/generate.py: do not edit.
"""

from __future__ import annotations

from answerback_client._api_error import ApiError

__all__ = [
    "AddressRefused",
    "Conflict",
    "DatabaseUnavailable",
    "DocumentTooLarge",
    "DocumentUnreadable",
    "Forbidden",
    "IdempotencyMismatch",
    "Internal",
    "Invalid",
    "KeyRefused",
    "KnowledgeError",
    "LastOwner",
    "Malformed",
    "NoWorker",
    "NotFound",
    "NotImplemented",
    "RateLimited",
    "RoleTooHigh",
    "SecretsUnreadable",
    "SettingsChanged",
    "TooLarge",
    "UnsupportedMediaType",
]


class AddressRefused(ApiError):
    """422: The URL may not be called: it is not https, has a refused port, or leads to a private address."""


class Conflict(ApiError):
    """409: The state of the object does not allow the change, such as cancelling a message that has ended."""


class DatabaseUnavailable(ApiError):
    """503: The database cannot be reached; nothing was changed."""


class DocumentTooLarge(ApiError):
    """413: The document is larger than the knowledge base accepts, or unpacks to more."""


class DocumentUnreadable(ApiError):
    """422: The file holds no text that can be read, or its content does not match its name."""


class Forbidden(ApiError):
    """403: The key lacks the scope of this operation, or a conversation token asks for more than its conversation."""


class IdempotencyMismatch(ApiError):
    """422: This `Idempotency-Key` was used within the last day with another request."""


class Internal(ApiError):
    """500: An error that nobody anticipated; no partial change was saved."""


class Invalid(ApiError):
    """422: A field, filter, cursor or header has a value that is not allowed, is missing, or is not known."""


class KeyRefused(ApiError):
    """401: There is no API key or conversation token, or it is unknown, expired, revoked or for another origin."""


class KnowledgeError(ApiError):
    """503: The worker could not search the knowledge base; `detail` says why."""


class LastOwner(ApiError):
    """409: The change would leave the workspace without an owner."""


class Malformed(ApiError):
    """400: The body is not valid JSON, or the request does not have the form that its protocol asks for."""


class NoWorker(ApiError):
    """503: No worker answered in time."""


class NotFound(ApiError):
    """404: The workspace of the key has nothing with this id, or there is no such path."""


class NotImplemented(ApiError):
    """501: The server cannot open WebSockets over TLS by itself."""


class RateLimited(ApiError):
    """429: The key or token has used up its requests, or has too many open streams."""


class RoleTooHigh(ApiError):
    """403: Only owners may invite, change or remove an owner, and nobody gives a role above their own."""


class SecretsUnreadable(ApiError):
    """503: The key that encrypts the secrets of workspaces is missing on this machine, or is another one."""


class SettingsChanged(ApiError):
    """412: The settings have another version than `If-Match` names: somebody changed them meanwhile."""


class TooLarge(ApiError):
    """413: The body is larger than `ANSWERBACK_MAX_BODY_BYTES` allows."""


class UnsupportedMediaType(ApiError):
    """415: The body is not sent as `application/json`, or the format of the file is not read."""


#: The exceptions by code.
BY_CODE: dict[str, type[ApiError]] = {
    "address_refused": AddressRefused,
    "conflict": Conflict,
    "database_unavailable": DatabaseUnavailable,
    "document_too_large": DocumentTooLarge,
    "document_unreadable": DocumentUnreadable,
    "forbidden": Forbidden,
    "idempotency_mismatch": IdempotencyMismatch,
    "internal": Internal,
    "invalid": Invalid,
    "key_refused": KeyRefused,
    "knowledge_error": KnowledgeError,
    "last_owner": LastOwner,
    "malformed": Malformed,
    "no_worker": NoWorker,
    "not_found": NotFound,
    "not_implemented": NotImplemented,
    "rate_limited": RateLimited,
    "role_too_high": RoleTooHigh,
    "secrets_unreadable": SecretsUnreadable,
    "settings_changed": SettingsChanged,
    "too_large": TooLarge,
    "unsupported_media_type": UnsupportedMediaType,
}
