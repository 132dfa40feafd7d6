"""Every exception of the client.

AnswerbackError
├── ApiError                an error response; a class for each code: NotFound, Invalid, RateLimited, …
├── ConnectionFailed        no response came
├── WaitTimeout             what was waited for goes on
└── InvalidSignature        a webhook that was not sent by the server
"""

from answerback_client._api_error import (
    AnswerbackError,
    ApiError,
    ConnectionFailed,
    FieldProblem,
    InvalidSignature,
    WaitTimeout,
)
from answerback_client._generated import codes
from answerback_client._generated.codes import *  # noqa: F403

__all__ = [
    "AnswerbackError",
    "ApiError",
    "ConnectionFailed",
    "FieldProblem",
    "InvalidSignature",
    "WaitTimeout",
]
__all__ += codes.__all__

# Tracebacks name the module from which an exception is imported.
for _name in __all__:
    globals()[_name].__module__ = __name__
