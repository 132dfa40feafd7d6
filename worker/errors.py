"""Anticipated failures. docs/reference/errors.md has the whole tree with codes, made from the classes."""


class AnswerbackError(Exception):
    """An anticipated failure; a subclass's docstring is its default message."""

    code = "error"

    def __init__(self, message: str | None = None, **context: object) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.context = context  # for logs, never for customers


class SettingsInvalid(AnswerbackError):
    """The environment asks for something impossible."""

    code = "settings_invalid"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StartupFailed(AnswerbackError):
    """A check before the start did not pass."""

    code = "startup_failed"


class DatabaseUnavailable(AnswerbackError):
    """The database cannot be reached at the moment; nothing was changed. Try again."""

    code = "database_unavailable"


class NotInstalled(AnswerbackError):
    """This part of the product is not installed here."""

    code = "not_installed"


class NotFound(AnswerbackError):
    """There is no such thing here."""

    code = "not_found"


class Conflict(AnswerbackError):
    """The state it is in does not allow that."""

    code = "conflict"


class IdempotencyMismatch(AnswerbackError):
    """This Idempotency-Key was used before with another request."""

    code = "idempotency_mismatch"
    field = "Idempotency-Key"


class Invalid(AnswerbackError):
    """The input is not valid."""

    code = "invalid"

    def __init__(self, message: str | None = None, *, field: str | None = None, **context: object) -> None:
        super().__init__(message, **context)
        self.field = field


class KeyRefused(AnswerbackError):
    """The API key is unknown, expired or revoked."""

    code = "key_refused"


class TriedTooOften(AnswerbackError):
    """There were too many attempts. Try again in a minute."""

    code = "rate_limited"

    def __init__(self, message: str | None = None, *, retry_after_s: float = 60.0, **context: object) -> None:
        super().__init__(message, **context)
        self.retry_after_s = retry_after_s
