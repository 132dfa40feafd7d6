"""The objects of the API: requests, responses, queries and events.

Generated from docs/openapi.json by clients/generate.py: do not edit.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class FieldProblem(TypedDict):
    """`FieldProblem`."""

    field: str
    """path of the field, separated by dots"""
    message: str


class Problem(TypedDict):
    """`Problem`."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    """stable identifier of the error"""
    request_id: str
    doc_url: NotRequired[str]
    """what the code means and what to do; absent where the server has no docs"""
    errors: NotRequired[list[FieldProblem]]


class Requester(TypedDict):
    """`Requester`."""

    id: NotRequired[str]
    name: NotRequired[str]
    email: NotRequired[str]


class NewTicket(TypedDict):
    """`NewTicket`."""

    body: str
    """may be empty when there is a subject"""
    callback_url: NotRequired[str]
    """receives a signed callback when the message has ended"""
    deadline_s: NotRequired[float]
    """the message is handed off if it is not answered by then"""
    attachments: NotRequired[list[str]]
    """ids of uploaded attachments"""
    email_headers: NotRequired[dict[str, str]]
    """headers of the e-mail that this is, by name; they tell automatic mail (RFC 3834)"""
    subject: NotRequired[str]
    requester: NotRequired[Requester]
    external_id: NotRequired[str]
    """the ticket continues the conversation with this id, if there is one"""
    channel: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]


class Citation(TypedDict):
    """`Citation`."""

    number: int
    document_id: str
    title: str
    url: str | None
    quote: str
    start: int
    end: int


class Usage(TypedDict):
    """`Usage`."""

    prompt_tokens: int
    completion_tokens: int
    cost_usd: float


class Reply(TypedDict):
    """`Reply`."""

    id: str
    unanswered: list[str]
    """the questions of the message that found no answer; its content names them too"""
    kind: Literal["answer", "clarification", "courtesy"]
    """a clarification is a question back, which resolves nothing"""
    content: str
    """the checked text"""
    options: list[str]
    """options of a clarification, to be shown as buttons; sent as a message, one answers"""
    text: str
    """the reply as its channel shows it: greeting, content, sources, signature"""
    greeting: str | None
    signature: str | None
    citation_style: Literal["numbers", "links", "none"]
    """how the channel shows the citations"""
    citations: list[Citation]
    support: float
    """support of the weakest sentence, from 0 to 1"""
    confidence: float | None
    """probability that it answers what was asked; null where no model judged that"""
    answerer: str
    model: str | None
    snapshot: str | None
    usage: Usage


class Handoff(TypedDict):
    """`Handoff`."""

    reason: Literal[
        "asked_for_person",
        "no_answer",
        "low_support",
        "avoided_topic",
        "language",
        "rule",
        "deadline",
        "error",
        "owned_by_person",
    ]
    summary: str
    escalation_id: str | None
    category: NotRequired[str]
    """topic: the category of the rule that matched, or else the reason"""
    priority: NotRequired[Literal["normal", "high", "urgent"]]
    reasons: NotRequired[list[str]]
    """excerpts of the message that led to the handoff"""


class MessageError(TypedDict):
    """`MessageError`."""

    code: str
    message: str


class Feedback(TypedDict):
    """`Feedback`."""

    rating: str
    comment: NotRequired[str | None]


class Message(TypedDict):
    """`Message`."""

    id: str
    conversation_id: str
    seq: int
    role: Literal["customer", "assistant", "agent"]
    author: str | None
    content: str
    attachments: list[str]
    state: Literal["queued", "running", "answered", "handed_off", "cancelled", "failed"]
    reply: Reply | None
    citations: list[Citation]
    """citations of an assistant's message"""
    handoff: Handoff | None
    error: MessageError | None
    feedback: Feedback | None
    attempts: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    deadline_at: str | None
    timings: dict[str, float] | None
    links: NotRequired[dict[str, str]]


class BulkTicket(TypedDict):
    """`BulkTicket`."""

    body: str
    """may be empty when there is a subject"""
    callback_url: NotRequired[str]
    """receives a signed callback when the message has ended"""
    deadline_s: NotRequired[float]
    """the message is handed off if it is not answered by then"""
    attachments: NotRequired[list[str]]
    """ids of uploaded attachments"""
    email_headers: NotRequired[dict[str, str]]
    """headers of the e-mail that this is, by name; they tell automatic mail (RFC 3834)"""
    subject: NotRequired[str]
    requester: NotRequired[Requester]
    external_id: NotRequired[str]
    """the ticket continues the conversation with this id, if there is one"""
    channel: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]
    idempotency_key: NotRequired[str]
    """by default that of the request with the number of the line, if it has one"""


class BulkResult(TypedDict):
    """`BulkResult`."""

    line: int
    """number of the line, from 1"""
    status: int
    """as `POST /v1/tickets` responds"""
    message: Message | None
    """if accepted"""
    error: dict[str, Any] | None
    """the problem, if refused"""


class BulkResults(TypedDict):
    """`BulkResults`."""

    accepted: int
    refused: int
    items: list[BulkResult]


class NewConversation(TypedDict):
    """`NewConversation`."""

    subject: NotRequired[str]
    requester: NotRequired[Requester]
    external_id: NotRequired[str]
    channel: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]


class ConversationHandoff(TypedDict):
    """`ConversationHandoff`."""

    reason: Literal[
        "asked_for_person",
        "no_answer",
        "low_support",
        "avoided_topic",
        "language",
        "rule",
        "deadline",
        "error",
        "owned_by_person",
    ]
    summary: str
    escalation_id: str | None
    at: str
    category: NotRequired[str]
    """topic: the category of the rule that matched, or else the reason"""
    priority: NotRequired[Literal["normal", "high", "urgent"]]
    reasons: NotRequired[list[str]]
    """excerpts of the message that led to the handoff"""


class ServiceLevel(TypedDict):
    """`ServiceLevel`."""

    target: Literal["first_response", "resolution"]
    warn_at: str
    due_at: str


class Conversation(TypedDict):
    """`Conversation`."""

    id: str
    external_id: str | None
    subject: str | None
    requester: dict[str, Any] | None
    channel: str | None
    metadata: dict[str, Any]
    owner: Literal["bot", "human", "closed"]
    handoff: ConversationHandoff | None
    sla: ServiceLevel | None
    """the target that is due next; null while no time passes for one"""
    created_at: str
    updated_at: str
    links: NotRequired[dict[str, str]]


class ConversationChange(TypedDict):
    """`ConversationChange`."""

    subject: NotRequired[str | None]
    requester: NotRequired[Requester | None]
    channel: NotRequired[str | None]
    metadata: NotRequired[dict[str, Any]]


class NewMessage(TypedDict):
    """`NewMessage`."""

    content: str
    callback_url: NotRequired[str]
    """receives a signed callback when the message has ended"""
    deadline_s: NotRequired[float]
    """the message is handed off if it is not answered by then"""
    attachments: NotRequired[list[str]]
    """ids of uploaded attachments"""
    email_headers: NotRequired[dict[str, str]]
    """headers of the e-mail that this is, by name; they tell automatic mail (RFC 3834)"""


class NewToken(TypedDict):
    """`NewToken`."""

    expires_in_s: NotRequired[float]
    origin: NotRequired[str]
    """such as `https://shop.example`: only pages of this origin can use the token"""


class Token(TypedDict):
    """`Token`."""

    token: str
    expires_at: str


class NewHandoff(TypedDict):
    """`NewHandoff`."""

    summary: NotRequired[str]


class NewReply(TypedDict):
    """`NewReply`."""

    content: str
    author: str


class NewFeedback(TypedDict):
    """`NewFeedback`."""

    rating: Literal["good", "bad"]
    comment: NotRequired[str]


class Attachment(TypedDict):
    """`Attachment`."""

    id: str
    name: str
    media_type: str
    size: int
    conversation_id: str | None
    text: str | None
    """null until a worker has read the file"""
    error: str | None
    """reason why the file cannot be read"""
    created_at: str
    links: NotRequired[dict[str, str]]


class NewDocument(TypedDict):
    """`NewDocument`."""

    title: str
    text: str
    """Markdown"""
    source: NotRequired[str]
    """collection of the document, such as `help-centre`"""
    language: NotRequired[str]
    """such as `en`; detected from the text if omitted"""
    tags: NotRequired[list[str]]
    audience: NotRequired[Literal["public", "internal"]]
    """`internal` documents are never cited to customers; default: `public`"""
    url: NotRequired[str]


class Reading(TypedDict):
    """`Reading`."""

    left_out: dict[str, int]
    """parts of the file that are not read, such as `hidden_sheets`, `comments`, `images`"""
    cleaned: dict[str, int]
    """characters that were dropped or changed, such as `control_characters`"""
    charset: str | None
    """the charset of a text that names none, told by its bytes; null where it is certain"""


class Document(TypedDict):
    """`Document`."""

    id: str
    title: str
    url: str | None
    media_type: str
    source: str | None
    language: str | None
    tags: list[str]
    audience: Literal["public", "internal"]
    state: Literal["queued", "indexing", "ready", "failed"]
    error: str | None
    reading: Reading | None
    """null until it is read"""
    passages: int
    created_at: str
    updated_at: str
    text: NotRequired[str | None]
    """included for a single document only"""
    links: NotRequired[dict[str, str]]


class DocumentDeletion(TypedDict):
    """`DocumentDeletion`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    state: NotRequired[Literal["queued", "indexing", "ready", "failed"]]
    source: NotRequired[str]
    language: NotRequired[str]
    tag: NotRequired[str]
    audience: NotRequired[Literal["public", "internal"]]
    dry_run: NotRequired[bool]
    """count them, and delete none"""


class DeletedDocuments(TypedDict):
    """`DeletedDocuments`."""

    matched: int
    deleted: int
    """0 with `dry_run`"""


class NewImport(TypedDict):
    """`NewImport`."""

    source: NotRequired[str]
    """collection of the document, such as `help-centre`"""
    language: NotRequired[str]
    """such as `en`; detected from the text if omitted"""
    tags: NotRequired[list[str]]
    audience: NotRequired[Literal["public", "internal"]]
    """`internal` documents are never cited to customers; default: `public`"""
    urls: NotRequired[list[str]]
    sitemap: NotRequired[str]


class ImportFailure(TypedDict):
    """`ImportFailure`."""

    name: str
    reason: str


class Import(TypedDict):
    """`Import`."""

    id: str
    kind: Literal["archive", "urls", "sitemap"]
    name: str
    state: Literal["queued", "running", "done", "failed"]
    error: str | None
    added: int
    unchanged: int
    failures: int
    failed: list[ImportFailure]
    """the first 1,000 failures"""
    created_at: str
    finished_at: str | None
    links: NotRequired[dict[str, str]]


class NewSource(TypedDict):
    """`NewSource`."""

    kind: Literal[
        "sitemap",
        "feed",
        "page",
        "folder",
        "git",
        "zendesk",
        "intercom",
        "confluence",
        "notion",
        "freshdesk",
        "chatwoot",
        "s3",
    ]
    location: str
    """URL of the sitemap, feed, page, repository, help centre, wiki or bucket, or a folder on the workers' machines"""
    name: NotRequired[str]
    """`source` of its documents; the host or folder if omitted"""
    interval_s: NotRequired[int]
    """seconds between two looks; default: a day"""
    include: NotRequired[list[str]]
    """patterns such as `*/help/*`; only URLs or paths that match one count"""
    exclude: NotRequired[list[str]]
    """patterns of what does not count"""
    branch: NotRequired[str]
    """of a git repository; its default branch if omitted"""
    email: NotRequired[str]
    """of the user of Zendesk or Confluence Cloud that the token belongs to"""
    access_key: NotRequired[str]
    """of an S3 bucket, whose secret key is the `token`"""
    token: NotRequired[str]
    """of a repository, help centre, wiki or bucket; never returned"""
    language: NotRequired[str]
    """of its documents; detected if omitted"""
    tags: NotRequired[list[str]]
    audience: NotRequired[Literal["public", "internal"]]
    """`internal` documents are never cited to customers; default: `public`"""


class SourceRun(TypedDict):
    """`SourceRun`."""

    id: str
    source_id: str
    state: Literal["running", "done", "failed", "held"]
    """`held`: too many documents would be gone, so none was removed"""
    error: str | None
    total: int | None
    """items to see to; null until they are listed"""
    seen: int
    """items seen to so far"""
    added: int
    changed: int
    unchanged: int
    gone: int
    """documents that were removed"""
    failures: int
    """items that failed; their documents stay"""
    failed: list[ImportFailure]
    """the first 1,000 failures"""
    started_at: str
    finished_at: str | None


class Source(TypedDict):
    """`Source`."""

    id: str
    name: str
    kind: Literal[
        "sitemap",
        "feed",
        "page",
        "folder",
        "git",
        "zendesk",
        "intercom",
        "confluence",
        "notion",
        "freshdesk",
        "chatwoot",
        "s3",
    ]
    location: str
    include: list[str]
    exclude: list[str]
    branch: str | None
    email: str | None
    access_key: str | None
    has_token: bool
    language: str | None
    tags: list[str]
    audience: Literal["public", "internal"]
    interval_s: int
    state: Literal["idle", "queued", "running", "paused"]
    error: str | None
    """of the last look"""
    failures: int
    """consecutive looks that failed"""
    documents: int
    last_run: SourceRun | None
    looked_at: str | None
    next_look_at: str | None
    created_at: str
    updated_at: str
    links: NotRequired[dict[str, str]]


class SourceChange(TypedDict):
    """`SourceChange`."""

    name: NotRequired[str]
    """`source` of its documents; the host or folder if omitted"""
    interval_s: NotRequired[int]
    """seconds between two looks; default: a day"""
    include: NotRequired[list[str]]
    """patterns such as `*/help/*`; only URLs or paths that match one count"""
    exclude: NotRequired[list[str]]
    """patterns of what does not count"""
    branch: NotRequired[str]
    """of a git repository; its default branch if omitted"""
    email: NotRequired[str]
    """of the user of Zendesk or Confluence Cloud that the token belongs to"""
    access_key: NotRequired[str]
    """of an S3 bucket, whose secret key is the `token`"""
    token: NotRequired[str]
    """of a repository, help centre, wiki or bucket; never returned"""
    language: NotRequired[str]
    """of its documents; detected if omitted"""
    tags: NotRequired[list[str]]
    audience: NotRequired[Literal["public", "internal"]]
    """`internal` documents are never cited to customers; default: `public`"""


class NewLook(TypedDict):
    """`NewLook`."""

    accept_loss: NotRequired[bool]
    """remove the documents that are gone, however many they are"""


class Snapshot(TypedDict):
    """`Snapshot`."""

    version: str
    active: bool
    documents: int
    passages: int
    model: str
    created_at: str


class Exchange(TypedDict):
    """`Exchange`."""

    conversation_id: str
    message_id: str
    question: str
    reply: str
    asked_at: str


class Suggestion(TypedDict):
    """`Suggestion`."""

    id: str
    state: Literal["open", "accepted", "refused"]
    question: str
    """what was asked first"""
    title: str
    text: str
    """Markdown"""
    written_by: Literal["model", "human"]
    """`human`: the text is the reply as it was"""
    count: int
    """how often the same was asked and replied to"""
    document_id: str | None
    """what it was published as"""
    note: str | None
    created_at: str
    updated_at: str
    decided_at: str | None
    exchanges: NotRequired[list[Exchange]]
    """the newest 20; included for a single suggestion only"""
    links: NotRequired[dict[str, str]]


class SuggestionEdit(TypedDict):
    """`SuggestionEdit`."""

    title: NotRequired[str]
    text: NotRequired[str]
    """Markdown"""


class Acceptance(TypedDict):
    """`Acceptance`."""

    source: NotRequired[str]
    """collection of the document, such as `help-centre`"""
    language: NotRequired[str]
    """such as `en`; detected from the text if omitted"""
    tags: NotRequired[list[str]]
    audience: NotRequired[Literal["public", "internal"]]
    """`internal` documents are never cited to customers; default: `public`"""
    title: NotRequired[str]
    text: NotRequired[str]
    """Markdown"""
    url: NotRequired[str]


class Refusal(TypedDict):
    """`Refusal`."""

    note: NotRequired[str]


class SearchFilters(TypedDict):
    """`SearchFilters`."""

    document_ids: NotRequired[list[str]]
    sources: NotRequired[list[str]]
    languages: NotRequired[list[str]]
    tags: NotRequired[list[str]]
    audience: NotRequired[Literal["public", "internal"]]


class NewSearch(TypedDict):
    """`NewSearch`."""

    query: str
    limit: NotRequired[int]
    filters: NotRequired[SearchFilters]


class Scores(TypedDict):
    """`Scores`."""

    dense: float | None
    lexical: float | None


class FoundPassage(TypedDict):
    """`FoundPassage`."""

    document_id: str
    title: str
    headings: list[str]
    url: str | None
    text: str
    source: str | None
    language: str | None
    tags: list[str]
    audience: Literal["public", "internal"]
    start: int
    end: int
    score: float
    scores: Scores


class SearchResult(TypedDict):
    """`SearchResult`."""

    snapshot: str | None
    """null if no snapshot is published"""
    items: list[FoundPassage]


class SaidBefore(TypedDict):
    """`SaidBefore`."""

    role: Literal["customer", "assistant"]
    content: str


class NewQuestion(TypedDict):
    """`NewQuestion`."""

    question: str
    turns: NotRequired[list[SaidBefore]]
    """what was said before, the oldest first; follow-up questions are understood by it"""
    wait_s: NotRequired[float]
    """how long to wait for the answer, in seconds"""


class DirectReply(TypedDict):
    """`DirectReply`."""

    unanswered: list[str]
    """the questions of the message that found no answer; its content names them too"""
    kind: Literal["answer", "clarification", "courtesy"]
    """a clarification is a question back, which resolves nothing"""
    content: str
    """the checked text"""
    options: list[str]
    """options of a clarification, to be shown as buttons; sent as a message, one answers"""
    text: str
    """the reply as its channel shows it: greeting, content, sources, signature"""
    citations: list[Citation]
    support: float
    """support of the weakest sentence, from 0 to 1"""
    confidence: float | None
    """probability that it answers what was asked; null where no model judged that"""
    answerer: str
    model: str | None
    snapshot: str | None


class DirectHandoff(TypedDict):
    """`DirectHandoff`."""

    reason: Literal[
        "asked_for_person",
        "no_answer",
        "low_support",
        "avoided_topic",
        "language",
        "rule",
        "deadline",
        "error",
        "owned_by_person",
    ]
    summary: str
    category: NotRequired[str]
    """topic: the category of the rule that matched, or else the reason"""
    priority: NotRequired[Literal["normal", "high", "urgent"]]
    reasons: NotRequired[list[str]]
    """excerpts of the message that led to the handoff"""


class DirectAnswer(TypedDict):
    """`DirectAnswer`."""

    state: Literal["answered", "handed_off"]
    answer: DirectReply | None
    handoff: DirectHandoff | None
    retrieved: dict[str, Any] | None
    """the search: `query`, `relevance`, and `items` with their scores"""
    usage: Usage
    timings: dict[str, float]
    """milliseconds by step"""


class StreamOptions(TypedDict):
    """`StreamOptions`."""

    include_usage: NotRequired[bool]


class NewChatCompletion(TypedDict):
    """`NewChatCompletion`."""

    messages: list[dict[str, Any]]
    model: NotRequired[str]
    """ignored: there is one"""
    stream: NotRequired[bool | None]
    stream_options: NotRequired[StreamOptions | None]
    n: NotRequired[int | None]


class NewResponse(TypedDict):
    """`NewResponse`."""

    input: Any
    """a text, or a list of messages"""
    model: NotRequired[str]
    """ignored: there is one"""
    stream: NotRequired[bool | None]


class NewEndpoint(TypedDict):
    """`NewEndpoint`."""

    url: str
    description: NotRequired[str | None]
    events: NotRequired[
        list[
            Literal[
                "message.answered",
                "message.handed_off",
                "message.cancelled",
                "message.failed",
                "message.replied",
                "conversation.handed_off",
                "conversation.resumed",
                "conversation.closed",
                "conversation.sla_warning",
                "conversation.sla_breached",
                "document.ready",
                "document.failed",
                "snapshot.published",
                "endpoint.disabled",
            ]
        ]
        | None
    ]
    """event types to send; all if omitted"""
    headers: NotRequired[dict[str, str] | None]
    """headers to send with each callback"""
    rate_limit: NotRequired[str | None]
    """such as 10/second"""
    secret: NotRequired[str]
    """whsec_… or whsk_…; generated if omitted"""
    signature: NotRequired[Literal["hmac", "ed25519"]]
    """signature scheme of a generated secret"""


class Endpoint(TypedDict):
    """`Endpoint`."""

    id: str
    url: str
    description: str | None
    events: list[str] | None
    headers: dict[str, Any]
    """names of the headers; values are masked"""
    rate_limit: str | None
    signature: str
    public_key: str | None
    """whpk_…, with ed25519"""
    old_secret_until: str | None
    state: str
    reason: str | None
    """reason why it is disabled"""
    failures: int
    """consecutive failures"""
    failing_since: str | None
    circuit_open_until: str | None
    created_at: str
    updated_at: str
    secret: NotRequired[str]
    """whsec_…, returned only when it is created or rotated; with ed25519 never"""


class EndpointChange(TypedDict):
    """`EndpointChange`."""

    description: NotRequired[str | None]
    events: NotRequired[
        list[
            Literal[
                "message.answered",
                "message.handed_off",
                "message.cancelled",
                "message.failed",
                "message.replied",
                "conversation.handed_off",
                "conversation.resumed",
                "conversation.closed",
                "conversation.sla_warning",
                "conversation.sla_breached",
                "document.ready",
                "document.failed",
                "snapshot.published",
                "endpoint.disabled",
            ]
        ]
        | None
    ]
    """event types to send; all if omitted"""
    headers: NotRequired[dict[str, str] | None]
    """headers to send with each callback"""
    rate_limit: NotRequired[str | None]
    """such as 10/second"""
    url: NotRequired[str]
    state: NotRequired[Literal["enabled", "disabled"]]


class Rotation(TypedDict):
    """`Rotation`."""

    secret: NotRequired[str]
    """generated if omitted"""


class EndpointTest(TypedDict):
    """`EndpointTest`."""

    type: NotRequired[
        Literal[
            "message.answered",
            "message.handed_off",
            "message.cancelled",
            "message.failed",
            "message.replied",
            "conversation.handed_off",
            "conversation.resumed",
            "conversation.closed",
            "conversation.sla_warning",
            "conversation.sla_breached",
            "document.ready",
            "document.failed",
            "snapshot.published",
            "endpoint.disabled",
        ]
    ]


class Attempt(TypedDict):
    """`Attempt`."""

    number: int
    started_at: str
    duration_ms: int
    status: int | None
    address: str | None
    error: str | None
    response: str | None


class WholeDelivery(TypedDict):
    """`WholeDelivery`."""

    id: str
    """sent as webhook-id with every attempt"""
    kind: str
    """callback and endpoint are webhooks"""
    endpoint_id: str | None
    type: str
    """of the event that it reports"""
    url: str
    conversation_id: str | None
    message_id: str | None
    state: str
    attempts: int
    next_attempt_at: str | None
    created_at: str
    finished_at: str | None
    last_attempt: Attempt | None
    payload: str
    """the signed request body of a webhook; JSON for the other kinds"""
    all_attempts: list[Attempt]


class Recovery(TypedDict):
    """`Recovery`."""

    since: NotRequired[str]
    """since the endpoint was created if omitted"""


class Replayed(TypedDict):
    """`Replayed`."""

    replayed: int


class Delivery(TypedDict):
    """`Delivery`."""

    id: str
    """sent as webhook-id with every attempt"""
    kind: str
    """callback and endpoint are webhooks"""
    endpoint_id: str | None
    type: str
    """of the event that it reports"""
    url: str
    conversation_id: str | None
    message_id: str | None
    state: str
    attempts: int
    next_attempt_at: str | None
    created_at: str
    finished_at: str | None
    last_attempt: Attempt | None


class Replay(TypedDict):
    """`Replay`."""

    since: str
    state: NotRequired[Literal["exhausted", "delivered"]]
    kind: NotRequired[
        Literal[
            "callback",
            "endpoint",
            "ticket_reply",
            "ticket_note",
            "handoff_note",
            "agent_reply",
            "ticket_change",
            "ticket_read",
            "ticket_events",
            "notification",
            "notification_update",
        ]
    ]
    endpoint: NotRequired[str]
    type: NotRequired[
        Literal[
            "message.answered",
            "message.handed_off",
            "message.cancelled",
            "message.failed",
            "message.replied",
            "conversation.handed_off",
            "conversation.resumed",
            "conversation.closed",
            "conversation.sla_warning",
            "conversation.sla_breached",
            "document.ready",
            "document.failed",
            "snapshot.published",
            "endpoint.disabled",
            "ticket.changed",
        ]
    ]
    until: NotRequired[str]


class FeedEvent(TypedDict):
    """`FeedEvent`."""

    id: str
    type: str
    created_at: str
    conversation_id: str | None
    message_id: str | None
    data: dict[str, Any]
    """a message and a conversation are as they are now; `test` marks a test event"""
    cursor: str
    """the feed goes on after this event from here"""
    links: NotRequired[dict[str, str]]


class EventPage(TypedDict):
    """`EventPage`."""

    items: list[FeedEvent]
    next_cursor: str
    """the next page starts here, now or later"""
    has_more: bool
    """whether the next page has events already"""


class NewTestEvent(TypedDict):
    """`NewTestEvent`."""

    type: Literal[
        "message.answered",
        "message.handed_off",
        "message.cancelled",
        "message.failed",
        "message.replied",
        "conversation.handed_off",
        "conversation.resumed",
        "conversation.closed",
        "conversation.sla_warning",
        "conversation.sla_breached",
        "document.ready",
        "document.failed",
        "snapshot.published",
        "endpoint.disabled",
    ]


class TicketHandoff(TypedDict):
    """`TicketHandoff`."""

    status: NotRequired[Literal["open", "pending", "closed"]]
    tags: NotRequired[list[str]]
    assignee: NotRequired[str]
    """id of an agent"""
    group: NotRequired[str]
    """id of a group or team; in Zammad its name"""


class TicketChange(TypedDict):
    """`TicketChange`."""

    status: NotRequired[Literal["open", "pending", "closed"]]
    tags: NotRequired[list[str]]


class NewHelpdesk(TypedDict):
    """`NewHelpdesk`."""

    name: str
    kind: Literal["chatwoot", "django_helpdesk", "email", "freshdesk", "intercom", "rt", "slack", "zammad", "zendesk"]
    url: str
    options: NotRequired[dict[str, Any]]
    """options of this kind of helpdesk, see docs/helpdesks.md"""
    languages: NotRequired[list[str] | None]
    """languages in which the bot answers; all if omitted"""
    hours: NotRequired[dict[str, str] | None]
    """hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted"""
    handoff: NotRequired[TicketHandoff | None]
    """changes to a ticket that is handed off"""
    answered: NotRequired[TicketChange | None]
    """changes to a ticket that is answered"""
    resume_tag: NotRequired[str | None]
    """tag that returns a ticket to the bot"""
    token: NotRequired[str]
    """API token; every kind except email needs one"""
    webhook_secret: NotRequired[str]
    """secret that signs its webhooks; generated if omitted"""
    mode: NotRequired[Literal["reply", "draft", "shadow"]]
    """reply: answer customers; draft: write internal notes for agents; shadow: write nothing"""


class Helpdesk(TypedDict):
    """`Helpdesk`."""

    id: str
    name: str
    kind: str
    url: str
    options: dict[str, Any]
    mode: str
    languages: list[str] | None
    hours: dict[str, Any] | None
    handoff: dict[str, Any] | None
    answered: dict[str, Any] | None
    resume_tag: str | None
    state: str
    heard_at: str | None
    refused_at: str | None
    created_at: str
    updated_at: str
    webhook_secret: NotRequired[str]
    """returned only when the helpdesk is connected"""
    links: NotRequired[dict[str, str]]


class HelpdeskChange(TypedDict):
    """`HelpdeskChange`."""

    options: NotRequired[dict[str, Any]]
    """options of this kind of helpdesk, see docs/helpdesks.md"""
    languages: NotRequired[list[str] | None]
    """languages in which the bot answers; all if omitted"""
    hours: NotRequired[dict[str, str] | None]
    """hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted"""
    handoff: NotRequired[TicketHandoff | None]
    """changes to a ticket that is handed off"""
    answered: NotRequired[TicketChange | None]
    """changes to a ticket that is answered"""
    resume_tag: NotRequired[str | None]
    """tag that returns a ticket to the bot"""
    url: NotRequired[str]
    token: NotRequired[str]
    webhook_secret: NotRequired[str]
    mode: NotRequired[Literal["reply", "draft", "shadow"]]
    state: NotRequired[Literal["enabled", "disabled"]]


class Challenge(TypedDict):
    """`Challenge`."""

    challenge: str


class NewConsent(TypedDict):
    """`NewConsent`."""

    provider: Literal["microsoft", "google", "other"]
    client_id: str
    """id of the app that you registered there"""
    refresh_token: str
    """it is exchanged; never returned"""
    client_secret: NotRequired[str | None]
    """its secret, if any; never returned"""
    tenant: NotRequired[str | None]
    """tenant of Microsoft Entra; `organizations` if omitted"""
    token_url: NotRequired[str | None]
    """token endpoint of another provider"""
    scope: NotRequired[str | None]
    """scope, if not the provider's for mail"""


class NewMailbox(TypedDict):
    """`NewMailbox`."""

    name: str
    address: str
    sender_name: NotRequired[str | None]
    """name that its mail is from"""
    imap_url: NotRequired[str | None]
    """`imaps://user:password@host`, or `imap://…` for STARTTLS; with user and password, which are never returned"""
    smtp_url: NotRequired[str | None]
    """`smtps://user:password@host`, or `smtp://…:587`; with user and password, which are never returned; the operator's if omitted"""
    oauth: NotRequired[NewConsent | None]
    """consent to log in with where a URL has a user and no password"""
    authserv_id: NotRequired[str | None]
    """name under which your own server writes `Authentication-Results`"""
    mailgun_key: NotRequired[str | None]
    """HTTP webhook signing key of Mailgun, if it posts the mail; never returned"""
    ses_topic: NotRequired[str | None]
    """ARN of the SNS topic to which Amazon SES publishes the mail"""
    inbound_password: NotRequired[str | None]
    """password in the URL that Postmark or SendGrid posts to; never returned"""
    sendgrid_key: NotRequired[str | None]
    """public key with which SendGrid's signatures are verified, in place of the password"""
    team: NotRequired[list[str]]
    """addresses and `@domains` of colleagues"""
    notify: NotRequired[list[str]]
    """addresses that get notes about handoffs; the mailbox itself if empty"""
    folders: NotRequired[dict[str, str]]
    """names of the folders `inbox`, `sent` and `drafts`; found by their use if omitted"""
    plus_addressing: NotRequired[bool]
    """whether `address+anything@` reaches it: answers then come to a signed address"""
    saves_sent: NotRequired[bool]
    """whether its server keeps a copy of what it sends by itself, as Gmail does"""
    languages: NotRequired[list[str] | None]
    """languages in which the bot answers; all if omitted"""
    hours: NotRequired[dict[str, str] | None]
    """hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted"""
    mode: NotRequired[Literal["reply", "draft", "shadow"]]
    """reply: answer by mail; draft: put answers into the drafts; shadow: write nothing"""


class Consent(TypedDict):
    """`Consent`."""

    provider: str
    client_id: str
    state: str
    """connected, or consent_needed: a person has to consent anew"""
    error: str | None
    renewed_at: str | None
    expires_at: str | None


class Mailbox(TypedDict):
    """`Mailbox`."""

    id: str
    name: str
    address: str
    sender_name: str | None
    imap_url: str | None
    smtp_url: str | None
    oauth: Consent | None
    authserv_id: str | None
    ses_topic: str | None
    sendgrid_key: str | None
    team: list[str]
    notify: list[str]
    folders: dict[str, Any]
    plus_addressing: bool
    saves_sent: bool
    mode: str
    languages: list[str] | None
    hours: dict[str, Any] | None
    state: str
    mail: dict[str, int]
    """number of its mail by state"""
    checked_at: str | None
    error: str | None
    """why it could not be read by IMAP"""
    created_at: str
    updated_at: str
    links: NotRequired[dict[str, str]]


class MailboxChange(TypedDict):
    """`MailboxChange`."""

    sender_name: NotRequired[str | None]
    """name that its mail is from"""
    imap_url: NotRequired[str | None]
    """`imaps://user:password@host`, or `imap://…` for STARTTLS; with user and password, which are never returned"""
    smtp_url: NotRequired[str | None]
    """`smtps://user:password@host`, or `smtp://…:587`; with user and password, which are never returned; the operator's if omitted"""
    oauth: NotRequired[NewConsent | None]
    """consent to log in with where a URL has a user and no password"""
    authserv_id: NotRequired[str | None]
    """name under which your own server writes `Authentication-Results`"""
    mailgun_key: NotRequired[str | None]
    """HTTP webhook signing key of Mailgun, if it posts the mail; never returned"""
    ses_topic: NotRequired[str | None]
    """ARN of the SNS topic to which Amazon SES publishes the mail"""
    inbound_password: NotRequired[str | None]
    """password in the URL that Postmark or SendGrid posts to; never returned"""
    sendgrid_key: NotRequired[str | None]
    """public key with which SendGrid's signatures are verified, in place of the password"""
    team: NotRequired[list[str]]
    """addresses and `@domains` of colleagues"""
    notify: NotRequired[list[str]]
    """addresses that get notes about handoffs; the mailbox itself if empty"""
    folders: NotRequired[dict[str, str]]
    """names of the folders `inbox`, `sent` and `drafts`; found by their use if omitted"""
    plus_addressing: NotRequired[bool]
    """whether `address+anything@` reaches it: answers then come to a signed address"""
    saves_sent: NotRequired[bool]
    """whether its server keeps a copy of what it sends by itself, as Gmail does"""
    languages: NotRequired[list[str] | None]
    """languages in which the bot answers; all if omitted"""
    hours: NotRequired[dict[str, str] | None]
    """hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted"""
    mode: NotRequired[Literal["reply", "draft", "shadow"]]
    state: NotRequired[Literal["enabled", "disabled"]]


class ReceivedMail(TypedDict):
    """`ReceivedMail`."""

    id: str
    state: str


class Suppression(TypedDict):
    """`Suppression`."""

    address: str
    reason: str


class Escalation(TypedDict):
    """`Escalation`."""

    id: str
    conversation_id: str
    message_id: str | None
    state: Literal["open", "assigned", "closed"]
    reason: str
    category: str
    priority: str
    summary: str
    reasons: list[str]
    assignee: str | None
    note: str | None
    created_at: str
    assigned_at: str | None
    closed_at: str | None
    links: NotRequired[dict[str, str]]


class Assignment(TypedDict):
    """`Assignment`."""

    assignee: str


class Closing(TypedDict):
    """`Closing`."""

    note: NotRequired[str]
    then: NotRequired[Literal["close", "resume"]]
    """close the conversation, or return it to the bot"""


class ToolCall(TypedDict):
    """`ToolCall`."""

    id: str
    conversation_id: str
    message_id: str
    tool: str
    arguments: dict[str, Any]
    state: Literal["waiting", "running", "done", "failed", "refused", "lapsed"]
    confirmed_by: str | None
    """id of the message in which the customer confirmed the call"""
    text: str | None
    """result as text, which citations quote"""
    error: str | None
    duration_ms: int | None
    created_at: str
    finished_at: str | None


class Memory(TypedDict):
    """`Memory`."""

    id: str
    customer: str
    """`id:…` or `email:…`"""
    name: str
    value: str
    source: Literal["assistant", "api"]
    importance: float
    """from 0 to 1"""
    conversation_id: str | None
    created_at: str
    updated_at: str
    expires_at: str


class Customer(TypedDict):
    """`Customer`."""

    id: NotRequired[str]
    email: NotRequired[str]


class NewMemory(TypedDict):
    """`NewMemory`."""

    customer: Customer
    name: str
    value: str
    importance: NotRequired[float]
    """from 0 to 1"""
    days: NotRequired[int]


class Erased(TypedDict):
    """`Erased`."""

    conversations: int
    memories: int


class Account(TypedDict):
    """`Account`."""

    by: Literal["message", "conversation", "key", "day", "judge"]
    subject: str | None
    day: str | None
    """UTC; for days and keys"""
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    updated_at: str


class Targets(TypedDict):
    """`Targets`."""

    reached: int
    missed: int


class ServiceLevels(TypedDict):
    """`ServiceLevels`."""

    first_response: Targets
    resolution: Targets


class Day(TypedDict):
    """`Day`."""

    day: str
    answered: int
    clarified: int
    """messages that got a question back, which are not counted as answered"""
    partly_answered: int
    """of the answered ones, those with a question that found no answer"""
    handed_off: dict[str, int]
    failed: int
    cancelled: int
    confirmed: int
    """answers rated good"""
    rejected: int
    """answers rated bad"""
    reopened: int
    """answers after which the next message of the customer was handed off"""
    sla: ServiceLevels
    """targets whose time began on this day"""
    cost_usd: float
    tokens: int
    latency_ms: dict[str, Any] | None
    """p50, p95, p99"""


class SupportPoint(TypedDict):
    """`SupportPoint`."""

    coverage: float
    """share of all messages with such an answer"""
    risk: float | None
    """share of answers rated bad among the rated ones"""
    rated: int
    support: float


class ConfidencePoint(TypedDict):
    """`ConfidencePoint`."""

    coverage: float
    """share of all messages with such an answer"""
    risk: float | None
    """share of answers rated bad among the rated ones"""
    rated: int
    confidence: float


class Quality(TypedDict):
    """`Quality`."""

    days: list[Day]
    curve: list[SupportPoint]
    confidence_curve: list[ConfidencePoint]


class Days(TypedDict):
    """`Days`."""

    since: str
    until: str


class Percentiles(TypedDict):
    """`Percentiles`."""

    p50: int
    p90: int


class Figures(TypedDict):
    """`Figures`."""

    conversations: int
    resolved_by_bot: int
    partly_answered: int
    resolved_by_human: int
    open: int
    unresolved: int
    handed_off: int
    reopened: int
    good: int
    """conversations whose last rating is good"""
    bad: int
    cost_usd: float
    resolution_rate: float | None
    """share resolved by the bot"""
    satisfaction: float | None
    """share of good ratings"""
    cost_per_resolution_usd: float | None
    """cost of all, for each that the bot resolved"""
    first_response_ms: Percentiles | None
    """from the customer's first message to the first reply"""
    resolution_ms: Percentiles | None
    """from the customer's first message to the last reply, of those that are resolved"""


class ReportDay(TypedDict):
    """`ReportDay`."""

    conversations: int
    resolved_by_bot: int
    partly_answered: int
    resolved_by_human: int
    open: int
    unresolved: int
    handed_off: int
    reopened: int
    good: int
    """conversations whose last rating is good"""
    bad: int
    cost_usd: float
    resolution_rate: float | None
    """share resolved by the bot"""
    satisfaction: float | None
    """share of good ratings"""
    cost_per_resolution_usd: float | None
    """cost of all, for each that the bot resolved"""
    first_response_ms: Percentiles | None
    """from the customer's first message to the first reply"""
    resolution_ms: Percentiles | None
    """from the customer's first message to the last reply, of those that are resolved"""
    day: str


class HandoffCount(TypedDict):
    """`HandoffCount`."""

    reason: str
    count: int
    before: int


class ReportLine(TypedDict):
    """`ReportLine`."""

    conversations: int
    resolved_by_bot: int
    partly_answered: int
    resolved_by_human: int
    open: int
    unresolved: int
    handed_off: int
    reopened: int
    good: int
    """conversations whose last rating is good"""
    bad: int
    cost_usd: float
    resolution_rate: float | None
    """share resolved by the bot"""
    satisfaction: float | None
    """share of good ratings"""
    cost_per_resolution_usd: float | None
    """cost of all, for each that the bot resolved"""
    first_response_ms: Percentiles | None
    """from the customer's first message to the first reply"""
    resolution_ms: Percentiles | None
    """from the customer's first message to the last reply, of those that are resolved"""
    name: str | None
    before: int
    """conversations in the period before"""


class Report(TypedDict):
    """`Report`."""

    period: Days
    period_before: Days
    totals: Figures
    totals_before: Figures
    days: list[ReportDay]
    handoffs: list[HandoffCount]
    channels: list[ReportLine]
    languages: list[ReportLine]


class ReportTopic(TypedDict):
    """`ReportTopic`."""

    name: str
    """the most typical question"""
    conversations: int
    resolved_by_bot: int
    handed_off: int
    without_answer: int
    """of those handed off, the ones that found no answer"""
    conversation_id: str


class ReportTopics(TypedDict):
    """`ReportTopics`."""

    conversations: int
    """how many were looked at"""
    items: list[ReportTopic]


class ChangedValue(TypedDict):
    """`ChangedValue`."""

    name: str
    before: Any
    after: Any


class Action(TypedDict):
    """`Action`."""

    id: str
    actor: str
    """name of the person, of the API key, or of the command line's user"""
    key_id: str | None
    account_id: str | None
    via: str
    """api, console, cli or, for what no one asked for, worker"""
    action: str
    """such as endpoints.rotate"""
    subject: str | None
    """id of the object that the action changed"""
    request_id: str | None
    changes: list[ChangedValue] | None
    """the values that a change of settings changed; null for other actions"""
    created_at: str


class UserAccount(TypedDict):
    """`UserAccount`."""

    id: str
    email: str
    name: str
    """which customers see on their replies"""
    role: Literal["owner", "admin", "editor", "agent", "viewer"]
    """each may do all that those after it may: owner, admin, editor, agent, viewer"""
    state: Literal["invited", "active", "disabled"]
    """invited until they accept; a disabled person cannot log in to this workspace"""
    second_factor: bool
    """whether logins ask for a code as well"""
    api_keys: int
    """valid and expired keys that belong to them"""
    invited_by: str | None
    last_login_at: str | None
    created_at: str


class NewAccount(TypedDict):
    """`NewAccount`."""

    email: str
    role: Literal["owner", "admin", "editor", "agent", "viewer"]
    """each may do all that those after it may: owner, admin, editor, agent, viewer"""
    name: NotRequired[str]


class InvitedUserAccount(TypedDict):
    """`InvitedUserAccount`."""

    id: str
    email: str
    name: str
    """which customers see on their replies"""
    role: Literal["owner", "admin", "editor", "agent", "viewer"]
    """each may do all that those after it may: owner, admin, editor, agent, viewer"""
    state: Literal["invited", "active", "disabled"]
    """invited until they accept; a disabled person cannot log in to this workspace"""
    second_factor: bool
    """whether logins ask for a code as well"""
    api_keys: int
    """valid and expired keys that belong to them"""
    invited_by: str | None
    last_login_at: str | None
    created_at: str
    invitation_url: str
    """works once, within 7 days; only this response has it"""


class AccountChange(TypedDict):
    """`AccountChange`."""

    role: NotRequired[Literal["owner", "admin", "editor", "agent", "viewer"]]
    """each may do all that those after it may: owner, admin, editor, agent, viewer"""
    state: NotRequired[Literal["active", "disabled"]]
    """disabled: their sessions in this workspace end at once"""
    revoke_keys: NotRequired[bool]
    """with `state` disabled, revoke their API keys as well"""


class CacheStatistics(TypedDict):
    """`CacheStatistics`."""

    name: str
    hits: int
    misses: int
    hit_rate: float
    entries: int
    limit: int
    healthy: bool


class Worker(TypedDict):
    """`Worker`."""

    id: str
    roles: list[str]
    """queues that it consumes"""
    state: str
    """working, lexical_only, cut_off, stalled or stopping"""
    leases: int
    caches: list[CacheStatistics]
    started_at: str
    seen_ms_ago: int


class Counts(TypedDict):
    """`Counts`."""

    automatic_messages: int
    """messages that ended as automatic mail, without an answer"""
    conversations_swept: int
    """conversations found by a sweeper: after a lost hint, for a retry, or with an expired lease"""
    deadlines_passed: int
    """conversations handed off because a deadline had passed"""
    duplicates_refused: int
    """requests that repeated an idempotency key and got the first response"""
    hints_lost: int
    """hints that were not published, or were dropped from a full queue"""
    leases_lost: int
    """turns stopped because their lease was lost"""
    retries: int
    """turns that failed and are retried later"""
    workers_stalled: int
    """workers that the watchdog ended because they were stalled"""
    writes_fenced: int
    """outcomes discarded because another worker had claimed the conversation"""


class Status(TypedDict):
    """`Status`."""

    open_messages: int
    oldest_unanswered_s: float | None
    leases_held: int
    workers: list[Worker]
    counters: Counts


class SavedCategory(TypedDict):
    """`SavedCategory`."""

    examples: list[str]
    counter_examples: list[str]
    name: str
    updated_at: str
    priority: NotRequired[Literal["normal", "high", "urgent"]]
    """how soon a human should look at such a message"""


class Categories(TypedDict):
    """`Categories`."""

    items: list[SavedCategory]
    built_in: dict[str, str]
    """the categories that ship, most urgent first, with what they say to an agent"""


class Category(TypedDict):
    """`Category`."""

    examples: list[str]
    """messages of this category, as customers write them; the more different, the better"""
    priority: NotRequired[Literal["normal", "high", "urgent"]]
    """how soon a human should look at such a message"""
    counter_examples: NotRequired[list[str]]
    """messages that look like it and are not"""


class CategoryCheck(TypedDict):
    """`CategoryCheck`."""

    examples: int
    recognised: int
    missed: list[str]
    """examples that would not be recognised"""
    false_alarms: list[str]
    """counter-examples that would be"""


class SavedTopic(TypedDict):
    """`SavedTopic`."""

    name: str
    phrases: list[str]


class Form(TypedDict):
    """`Form`."""

    greeting: NotRequired[str | None]
    """put before the answer; `{customer}` and `{assistant}` stand for their names"""
    greets: NotRequired[Literal["first_reply", "every_reply"]]
    """replies that it begins"""
    signature: NotRequired[str | None]
    """put below the answer, with the same placeholders"""
    citations: NotRequired[Literal["numbers", "links", "none"]]
    """numbers in the text and a list of sources, links at the end, or none"""


class SetVoice(TypedDict):
    """`SetVoice`."""

    avoided_topics: list[SavedTopic]
    channels: dict[str, Form]
    about: dict[str, str]
    updated_at: str | None
    name: NotRequired[str | None]
    """name of the assistant"""
    tone: NotRequired[str | None]
    """such as `friendly and plain`"""
    max_sentences: NotRequired[int]
    """longest answer"""
    languages: NotRequired[list[str]]
    """languages that it answers in; all if empty"""
    asks_back: NotRequired[bool | None]
    """whether it may ask a question back; null: with a language model only"""
    guidance: NotRequired[str | None]
    """free text for the language model, which cannot lift the rules of the product"""


class Topic(TypedDict):
    """`Topic`."""

    name: str
    phrases: NotRequired[list[str]]
    """words that show that a message is about it"""


class Voice(TypedDict):
    """`Voice`."""

    name: NotRequired[str | None]
    """name of the assistant"""
    tone: NotRequired[str | None]
    """such as `friendly and plain`"""
    max_sentences: NotRequired[int]
    """longest answer"""
    languages: NotRequired[list[str]]
    """languages that it answers in; all if empty"""
    asks_back: NotRequired[bool | None]
    """whether it may ask a question back; null: with a language model only"""
    guidance: NotRequired[str | None]
    """free text for the language model, which cannot lift the rules of the product"""
    avoided_topics: NotRequired[list[Topic]]
    """questions about these are handed off"""
    channels: NotRequired[dict[str, Form]]
    """form of replies by the conversation's channel: `widget`, `email`, a helpdesk's kind, `api` where none is given, and `default` for all others"""
    about: NotRequired[dict[str, str]]
    """your own answers to what customers ask about the assistant: whether it is a `bot`, its `name`, its `abilities`; `privacy`, what is stored and who reads it, is answered only if it is given"""


class Setting(TypedDict):
    """`Setting`."""

    name: str
    label: str
    """its name in the console"""
    area: Literal["model", "checks", "handoff", "sla", "access", "costs"]
    help: str
    kind: Literal["text", "choice", "number", "integer", "switch", "list"]
    choices: list[str]
    """of the kind `choice`; else empty"""
    expected: str
    """the form of its value, in words"""
    is_secret: bool
    """its value is never shown"""
    is_set: bool
    """whether there is a value, also a secret one"""
    value: Any
    """a text, a number, a switch or a list of texts; null if there is none, and always of a secret"""
    default: Any
    """the value without an override, likewise"""
    source: Literal["workspace", "environment", "default"]
    """where the value is from: an override, the environment, or what is built in"""
    read_by: str
    """`answer`: with each message; `callback`: with each delivery; `sweeper`: every while; `request`: with each request of the console"""
    variable: str
    """environment variable of the default"""


class WorkspaceSettings(TypedDict):
    """`WorkspaceSettings`."""

    version: int
    """counts changes"""
    updated_at: str | None
    items: list[Setting]


class SettingsChange(TypedDict):
    """`SettingsChange`."""

    answerer: NotRequired[Literal["llm", "extractive", None]]
    """`llm` or `extractive`; `llm` when a key or base URL is set; null: the default"""
    openai_base_url: NotRequired[str | None]
    """any OpenAI-compatible endpoint; null: the default"""
    openai_api_key: NotRequired[str | None]
    """key of the model endpoint; null: the default"""
    models: NotRequired[list[str] | None]
    """models in order of preference, with commas; null: the default"""
    prices: NotRequired[list[str] | None]
    """US dollars for a million tokens, `model=prompt/completion` with commas; others count as free; null: the default"""
    model_timeout_s: NotRequired[float | None]
    """longest one call of the model may take; null: the default"""
    use_tools: NotRequired[bool | None]
    """offer tools to the model; off for models that cannot call any; null: the default"""
    redact_model: NotRequired[bool | None]
    """hide card and account numbers, secrets, addresses and phone numbers from the model; null: the default"""
    verifier: NotRequired[Literal["local", "judge", None]]
    """`judge` lets a language model judge the sentences that the local check leaves in doubt, `local` does not; `judge` with the answerer `llm`; null: the default"""
    judge_model: NotRequired[str | None]
    """the model that judges, at the same endpoint; the first of the models; null: the default"""
    judge_timeout_s: NotRequired[float | None]
    """longest a judgement may take; then the local check decides; null: the default"""
    min_confidence: NotRequired[float | None]
    """probability that an extractive answer answers the question, below which a human answers, 0 to 1; null: the default"""
    pleasantries: NotRequired[Literal["keep", "drop", None]]
    """`drop` leaves out greetings, thanks, apologies and closings that the language model writes, `keep` sends those with polite words alone; null: the default"""
    other_language: NotRequired[Literal["quote", "handoff", None]]
    """what `extractive` does with articles in another language than the message: `quote` says so before the quotes, `handoff` leaves the message to a human; null: the default"""
    gate_coverage: NotRequired[float | None]
    """share of the questions that the knowledge base answers that pass the gate; a human answers the others; null: the default"""
    gate_risk: NotRequired[float | None]
    """highest probability that the knowledge base has nothing on a message which passes the gate; 0.5 with the answerer `extractive`, 1 with `llm`, which judges by itself; null: the default"""
    max_replies_per_hour: NotRequired[int | None]
    """replies of the bot in one conversation in an hour without a human's doing, so that two bots do not talk to each other; then a human takes it; 0 for any number, also of messages that only repeat each other; null: the default"""
    resume_after_h: NotRequired[float | None]
    """hours after which a conversation that a human owns and in which nobody writes is the bot's again; 0 for never; null: the default"""
    suggestions: NotRequired[bool | None]
    """draft articles from what agents reply where the bot has no answer, for an editor to accept or refuse; null: the default"""
    conversation_url: NotRequired[str | None]
    """where agents see a conversation, `https://…/{id}`; notes to them end with it; null: the default"""
    response_targets: NotRequired[list[str] | None]
    """time until a human's first reply to a conversation that was handed off, by priority: `urgent=30m,high=2h,normal=8h`; a priority without one has no target; null: the default"""
    resolution_targets: NotRequired[list[str] | None]
    """time until a conversation that was handed off is closed or the bot's again, by priority, without the time in which a human waits for the customer: `urgent=4h,normal=16h`; null: the default"""
    business_hours: NotRequired[list[str] | None]
    """hours in which the time of these targets passes: a time zone, days with their hours, and closed dates: `Europe/Berlin,mon-fri 09:00-17:30,sat 10:00-14:00,2026-12-25`; always if empty; null: the default"""
    second_factor: NotRequired[Literal["none", "admins", "everybody", None]]
    """who must have two-factor authentication, and may do nothing in the console before they set it up: `none`; `admins`, which are owners and admins; or `everybody`. API keys and single sign-on are not affected; null: the default"""
    budgets: NotRequired[list[str] | None]
    """what models may cost for each `message`, `conversation`, `key` and `day`, in `usd` or `tokens`; then a human answers; null: the default"""
    judge_budgets: NotRequired[list[str] | None]
    """what the judge alone may cost, as `ANSWERBACK_BUDGETS`, which count it as well; then the local check decides; null: the default"""


class ConversationsListQuery(TypedDict):
    """`ConversationsListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    owner: NotRequired[Literal["bot", "human", "closed"]]
    channel: NotRequired[str]
    external_id: NotRequired[str]
    due_before: NotRequired[str]
    """those with a target that is due before this time"""
    customer: NotRequired[str]
    """the desk's id of the customer, or their e-mail address"""


class ConversationsListMessagesQuery(TypedDict):
    """`ConversationsListMessagesQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    state: NotRequired[Literal["queued", "running", "answered", "handed_off", "cancelled", "failed"]]
    role: NotRequired[Literal["customer", "assistant", "agent"]]


class DocumentsListQuery(TypedDict):
    """`DocumentsListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    state: NotRequired[Literal["queued", "indexing", "ready", "failed"]]
    source: NotRequired[str]
    language: NotRequired[str]
    tag: NotRequired[str]
    audience: NotRequired[Literal["public", "internal"]]
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""


class DocumentsCreateFromFileForm(TypedDict):
    """`DocumentsCreateFromFileForm`."""

    title: NotRequired[str]
    url: NotRequired[str]
    source: NotRequired[str]
    language: NotRequired[str]
    tags: NotRequired[str]
    """separated by commas"""
    audience: NotRequired[Literal["public", "internal"]]


class DocumentsReplaceFromFileForm(TypedDict):
    """`DocumentsReplaceFromFileForm`."""

    title: NotRequired[str]
    url: NotRequired[str]
    source: NotRequired[str]
    language: NotRequired[str]
    tags: NotRequired[str]
    """separated by commas"""
    audience: NotRequired[Literal["public", "internal"]]


class ImportsListQuery(TypedDict):
    """`ImportsListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    state: NotRequired[Literal["queued", "running", "done", "failed"]]
    kind: NotRequired[Literal["archive", "urls", "sitemap"]]


class ImportsCreateFromFileForm(TypedDict):
    """`ImportsCreateFromFileForm`."""

    source: NotRequired[str]
    language: NotRequired[str]
    tags: NotRequired[str]
    """separated by commas"""
    audience: NotRequired[Literal["public", "internal"]]


class SourcesListQuery(TypedDict):
    """`SourcesListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    state: NotRequired[Literal["idle", "queued", "running", "paused"]]
    kind: NotRequired[
        Literal[
            "sitemap",
            "feed",
            "page",
            "folder",
            "git",
            "zendesk",
            "intercom",
            "confluence",
            "notion",
            "freshdesk",
            "chatwoot",
            "s3",
        ]
    ]


class SourcesDeleteQuery(TypedDict):
    """`SourcesDeleteQuery`."""

    documents: NotRequired[Literal["keep", "delete"]]
    """what becomes of its documents"""


class SourcesListRunsQuery(TypedDict):
    """`SourcesListRunsQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    state: NotRequired[Literal["running", "done", "failed", "held"]]


class SuggestionsListQuery(TypedDict):
    """`SuggestionsListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    state: NotRequired[Literal["open", "accepted", "refused"]]


class EndpointsListQuery(TypedDict):
    """`EndpointsListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    state: NotRequired[Literal["enabled", "disabled"]]


class DeliveriesListQuery(TypedDict):
    """`DeliveriesListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    state: NotRequired[Literal["pending", "delivered", "exhausted"]]
    kind: NotRequired[
        Literal[
            "callback",
            "endpoint",
            "ticket_reply",
            "ticket_note",
            "handoff_note",
            "agent_reply",
            "ticket_change",
            "ticket_read",
            "ticket_events",
            "notification",
            "notification_update",
        ]
    ]
    endpoint: NotRequired[str]
    type: NotRequired[
        Literal[
            "message.answered",
            "message.handed_off",
            "message.cancelled",
            "message.failed",
            "message.replied",
            "conversation.handed_off",
            "conversation.resumed",
            "conversation.closed",
            "conversation.sla_warning",
            "conversation.sla_breached",
            "document.ready",
            "document.failed",
            "snapshot.published",
            "endpoint.disabled",
            "ticket.changed",
        ]
    ]
    conversation_id: NotRequired[str]
    message_id: NotRequired[str]
    status: NotRequired[Literal["2xx", "3xx", "4xx", "5xx", "none"]]
    """result of one of its attempts"""


class EventsListQuery(TypedDict):
    """`EventsListQuery`."""

    type: NotRequired[
        list[
            Literal[
                "message.queued",
                "message.running",
                "message.answered",
                "message.handed_off",
                "message.cancelled",
                "message.failed",
                "message.replied",
                "conversation.handed_off",
                "conversation.resumed",
                "conversation.closed",
                "conversation.sla_warning",
                "conversation.sla_breached",
                "document.ready",
                "document.failed",
                "snapshot.published",
                "endpoint.disabled",
            ]
        ]
    ]
    """types, separated by commas"""
    conversation_id: NotRequired[str]
    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    cursor: NotRequired[str]
    """`next_cursor` of the page before; `now` starts after the newest event"""
    limit: NotRequired[int]


class HelpdesksListQuery(TypedDict):
    """`HelpdesksListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    state: NotRequired[Literal["enabled", "disabled"]]
    kind: NotRequired[
        Literal["chatwoot", "django_helpdesk", "email", "freshdesk", "intercom", "rt", "slack", "zammad", "zendesk"]
    ]


class EscalationsListQuery(TypedDict):
    """`EscalationsListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    state: NotRequired[Literal["open", "assigned", "closed"]]
    assignee: NotRequired[str]
    reason: NotRequired[
        Literal[
            "asked_for_person",
            "no_answer",
            "low_support",
            "avoided_topic",
            "language",
            "rule",
            "deadline",
            "error",
            "owned_by_person",
        ]
    ]
    category: NotRequired[str]
    priority: NotRequired[Literal["normal", "high", "urgent"]]
    conversation_id: NotRequired[str]


class ToolCallsListQuery(TypedDict):
    """`ToolCallsListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    state: NotRequired[Literal["waiting", "running", "done", "failed", "refused", "lapsed"]]
    tool: NotRequired[str]


class MemoriesListQuery(TypedDict):
    """`MemoriesListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    id: NotRequired[str]
    email: NotRequired[str]
    name: NotRequired[str]


class UsageListQuery(TypedDict):
    """`UsageListQuery`."""

    limit: NotRequired[int]
    by: NotRequired[Literal["message", "conversation", "key", "day", "judge"]]
    subject: NotRequired[str]
    """id of the message, conversation or API key"""


class QualityRetrieveQuery(TypedDict):
    """`QualityRetrieveQuery`."""

    days: NotRequired[int]


class ReportsRetrieveQuery(TypedDict):
    """`ReportsRetrieveQuery`."""

    since: NotRequired[str]
    """first day (UTC); without it, the period has 30 days"""
    until: NotRequired[str]
    """last day (UTC), included; today without it"""
    channel: NotRequired[str]
    """only this channel; `none` where it is not known"""
    language: NotRequired[str]
    """only this language (ISO 639); `none` where it is not known"""


class ReportsTopicsQuery(TypedDict):
    """`ReportsTopicsQuery`."""

    since: NotRequired[str]
    """first day (UTC); without it, the period has 30 days"""
    until: NotRequired[str]
    """last day (UTC), included; today without it"""
    channel: NotRequired[str]
    """only this channel; `none` where it is not known"""
    language: NotRequired[str]
    """only this language (ISO 639); `none` where it is not known"""


class AuditListQuery(TypedDict):
    """`AuditListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    sort: NotRequired[Literal["-created_at", "created_at"]]
    """`-created_at`: newest first; `created_at`: oldest first"""
    via: NotRequired[Literal["api", "console", "cli", "worker"]]
    action: NotRequired[str]
    subject: NotRequired[str]
    key_id: NotRequired[str]
    account_id: NotRequired[str]


class AccountsListQuery(TypedDict):
    """`AccountsListQuery`."""

    created_after: NotRequired[str]
    """created then or later"""
    created_before: NotRequired[str]
    """created before then"""
    limit: NotRequired[int]
    role: NotRequired[Literal["owner", "admin", "editor", "agent", "viewer"]]
    state: NotRequired[Literal["invited", "active", "disabled"]]
    email: NotRequired[str]


class MessageEventData(TypedDict):
    """`MessageEventData`."""

    message: Message
    conversation: Conversation
    truncated: NotRequired[bool]


class ConversationEventData(TypedDict):
    """`ConversationEventData`."""

    conversation: Conversation
    truncated: NotRequired[bool]
    sla: NotRequired[dict[str, Any]]
    """of the events `conversation.sla_…` alone: the `target`, the `priority`, and `due_at`"""


class DocumentEventData(TypedDict):
    """`DocumentEventData`."""

    document: dict[str, Any]
    truncated: NotRequired[bool]


class SnapshotEventData(TypedDict):
    """`SnapshotEventData`."""

    snapshot: dict[str, Any]
    truncated: NotRequired[bool]


class EndpointEventData(TypedDict):
    """`EndpointEventData`."""

    endpoint: dict[str, Any]
    truncated: NotRequired[bool]


class MessageAnsweredEvent(TypedDict):
    """The webhook `message.answered`."""

    type: Literal["message.answered"]
    timestamp: str
    data: MessageEventData


class MessageHandedOffEvent(TypedDict):
    """The webhook `message.handed_off`."""

    type: Literal["message.handed_off"]
    timestamp: str
    data: MessageEventData


class MessageCancelledEvent(TypedDict):
    """The webhook `message.cancelled`."""

    type: Literal["message.cancelled"]
    timestamp: str
    data: MessageEventData


class MessageFailedEvent(TypedDict):
    """The webhook `message.failed`."""

    type: Literal["message.failed"]
    timestamp: str
    data: MessageEventData


class MessageRepliedEvent(TypedDict):
    """The webhook `message.replied`."""

    type: Literal["message.replied"]
    timestamp: str
    data: MessageEventData


class ConversationHandedOffEvent(TypedDict):
    """The webhook `conversation.handed_off`."""

    type: Literal["conversation.handed_off"]
    timestamp: str
    data: ConversationEventData


class ConversationResumedEvent(TypedDict):
    """The webhook `conversation.resumed`."""

    type: Literal["conversation.resumed"]
    timestamp: str
    data: ConversationEventData


class ConversationClosedEvent(TypedDict):
    """The webhook `conversation.closed`."""

    type: Literal["conversation.closed"]
    timestamp: str
    data: ConversationEventData


class ConversationSlaWarningEvent(TypedDict):
    """The webhook `conversation.sla_warning`."""

    type: Literal["conversation.sla_warning"]
    timestamp: str
    data: ConversationEventData


class ConversationSlaBreachedEvent(TypedDict):
    """The webhook `conversation.sla_breached`."""

    type: Literal["conversation.sla_breached"]
    timestamp: str
    data: ConversationEventData


class DocumentReadyEvent(TypedDict):
    """The webhook `document.ready`."""

    type: Literal["document.ready"]
    timestamp: str
    data: DocumentEventData


class DocumentFailedEvent(TypedDict):
    """The webhook `document.failed`."""

    type: Literal["document.failed"]
    timestamp: str
    data: DocumentEventData


class SnapshotPublishedEvent(TypedDict):
    """The webhook `snapshot.published`."""

    type: Literal["snapshot.published"]
    timestamp: str
    data: SnapshotEventData


class EndpointDisabledEvent(TypedDict):
    """The webhook `endpoint.disabled`."""

    type: Literal["endpoint.disabled"]
    timestamp: str
    data: EndpointEventData


#: Every webhook; `type` tells which it is.
WebhookEvent = (
    MessageAnsweredEvent
    | MessageHandedOffEvent
    | MessageCancelledEvent
    | MessageFailedEvent
    | MessageRepliedEvent
    | ConversationHandedOffEvent
    | ConversationResumedEvent
    | ConversationClosedEvent
    | ConversationSlaWarningEvent
    | ConversationSlaBreachedEvent
    | DocumentReadyEvent
    | DocumentFailedEvent
    | SnapshotPublishedEvent
    | EndpointDisabledEvent
)
