"""Client of Answerback, the answering service for support desks."""

from answerback_client import errors, webhooks
from answerback_client._client import Answerback, AsyncAnswerback
from answerback_client._generated import types
from answerback_client._pages import AsyncPages, Page, Pages
from answerback_client._streams import AsyncMessageStream, MessageStream, StreamEvent
from answerback_client._version import __version__
from answerback_client.errors import AnswerbackError, ApiError

__all__ = [
    "Answerback",
    "AnswerbackError",
    "ApiError",
    "AsyncAnswerback",
    "AsyncMessageStream",
    "AsyncPages",
    "MessageStream",
    "Page",
    "Pages",
    "StreamEvent",
    "__version__",
    "errors",
    "types",
    "webhooks",
]
