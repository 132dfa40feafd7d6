"""The codes of the API's errors: each with its status, what it means and what to do about it.

`/docs/errors` and docs/reference/errors.md show them, and every error's `doc_url` leads to its code there.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """The documentation of an error code for clients."""

    status: int
    title: str
    meaning: str
    remedy: str


CODES = {
    "malformed": Code(
        400,
        "Bad Request",
        "The body is not valid JSON, or the request does not have the form that its protocol asks for.",
        "Correct the request: repeating it unchanged gives the same error.",
    ),
    "key_refused": Code(
        401,
        "Unauthorized",
        "There is no API key or conversation token, or it is unknown, expired, revoked or for another origin.",
        "Send `Authorization: Bearer <key>`. `answerback keys list` shows the valid keys; request a new token when a "
        "conversation token has expired.",
    ),
    "webhook_refused": Code(
        401,
        "Unauthorized",
        "The webhook is not signed by the helpdesk, or it is too old.",
        "Compare the secret at the helpdesk with the one that is connected, and the clocks of both.",
    ),
    "forbidden": Code(
        403,
        "Forbidden",
        "The key lacks the scope of this operation, or a conversation token asks for more than its conversation.",
        "Use a key with the scope that `detail` names; a key with `admin` has every scope.",
    ),
    "role_too_high": Code(
        403,
        "Forbidden",
        "Only owners may invite, change or remove an owner, and nobody gives a role above their own.",
        "Use a key that belongs to an owner, or to nobody (`answerback keys make`).",
    ),
    "not_found": Code(
        404,
        "Not Found",
        "The workspace of the key has nothing with this id, or there is no such path.",
        "Check the id, and that the key is of the same workspace. What was erased or deleted is not found either.",
    ),
    "method_not_allowed": Code(
        405,
        "Method Not Allowed",
        "The path exists, but not with this method.",
        "Use one of the methods in the header `Allow`.",
    ),
    "conflict": Code(
        409,
        "Conflict",
        "The state of the object does not allow the change, such as cancelling a message that has ended.",
        "Read the object again and decide anew; `detail` says what stands in the way.",
    ),
    "last_owner": Code(
        409,
        "Conflict",
        "The change would leave the workspace without an owner.",
        "Make somebody else an owner first.",
    ),
    "settings_changed": Code(
        412,
        "Precondition Failed",
        "The settings have another version than `If-Match` names: somebody changed them meanwhile.",
        "Read the settings again, decide anew, and send the new `ETag`.",
    ),
    "too_large": Code(
        413,
        "Content Too Large",
        "The body is larger than `ANSWERBACK_MAX_BODY_BYTES` allows.",
        "Send less at once: split an import, or leave out what nobody reads.",
    ),
    "document_too_large": Code(
        413,
        "Content Too Large",
        "The document is larger than the knowledge base accepts, or unpacks to more.",
        "Split the document.",
    ),
    "unsupported_media_type": Code(
        415,
        "Unsupported Media Type",
        "The body is not sent as `application/json`, or the format of the file is not read.",
        "Set `Content-Type: application/json`, or send a file of one of the formats that `detail` lists.",
    ),
    "invalid": Code(
        422,
        "Unprocessable Content",
        "A field, filter, cursor or header has a value that is not allowed, is missing, or is not known.",
        "`errors` names each field with what was expected; correct these.",
    ),
    "idempotency_mismatch": Code(
        422,
        "Unprocessable Content",
        "This `Idempotency-Key` was used within the last day with another request.",
        "Make a new key for each new request, and repeat a key only with the same body.",
    ),
    "address_refused": Code(
        422,
        "Unprocessable Content",
        "The URL may not be called: it is not https, has a refused port, or leads to a private address.",
        "Use a public https URL. Self-hosters allow networks with `ANSWERBACK_CALLBACK_ALLOW` and "
        "`ANSWERBACK_IMPORT_ALLOW`.",
    ),
    "document_unreadable": Code(
        422,
        "Unprocessable Content",
        "The file holds no text that can be read, or its content does not match its name.",
        "Open the file to see whether it is damaged, encrypted or empty, and send it with the ending of its format.",
    ),
    "rate_limited": Code(
        429,
        "Too Many Requests",
        "The key or token has used up its requests, or has too many open streams.",
        "Wait the seconds of `Retry-After`; `RateLimit` tells what is left. Use streams or callbacks instead of polls.",
    ),
    "webhook_postponed": Code(
        429,
        "Too Many Requests",
        "The webhook of a helpdesk could not be stored at the moment; nothing was changed.",
        "Helpdesks send it again by themselves after `Retry-After`.",
    ),
    "internal": Code(
        500,
        "Internal Server Error",
        "An error that nobody anticipated; no partial change was saved.",
        "Send the request again with the same `Idempotency-Key`; if it fails again, report the `request_id`.",
    ),
    "not_implemented": Code(
        501,
        "Not Implemented",
        "The server cannot open WebSockets over TLS by itself.",
        "Terminate TLS in a proxy in front of it.",
    ),
    "secrets_unreadable": Code(
        503,
        "Service Unavailable",
        "The key that encrypts the secrets of workspaces is missing on this machine, or is another one.",
        "Give every machine the same `ANSWERBACK_SECRET_KEYS`, or the same file `secret-key` in its home.",
    ),
    "not_installed": Code(
        501,
        "Not Implemented",
        "The server lacks the optional packages of this part of the product.",
        "Install the extra that `detail` names, and start the server again.",
    ),
    "database_unavailable": Code(
        503,
        "Service Unavailable",
        "The database cannot be reached; nothing was changed.",
        "Send the request again after `Retry-After`, with the same `Idempotency-Key`.",
    ),
    "no_worker": Code(
        503,
        "Service Unavailable",
        "No worker answered in time.",
        "Try again after `Retry-After`. If it persists, `/readyz` tells whether workers run.",
    ),
    "knowledge_error": Code(
        503,
        "Service Unavailable",
        "The worker could not search the knowledge base; `detail` says why.",
        "Follow `detail`; `answerback doctor` checks the model and the snapshot.",
    ),
}

#: Where `doc_url` of an error leads to.
PAGE = "/docs/errors"


def doc_url(code: str) -> str | None:
    """Return the link to an error code's section in the docs; None for a code that is not listed."""
    return f"{PAGE}#{code}" if code in CODES else None


def sections() -> str:
    """Return a section for each code, in Markdown."""
    return "\n".join(
        f"### {name}\n\n**{code.status} {code.title}.** {code.meaning}\n\n{code.remedy}\n"
        for name, code in CODES.items()
    )
