"""The resources of the API.

Generated from docs/openapi.json by clients/generate.py: do not edit.
"""

from __future__ import annotations

from typing import Unpack

from answerback_client._calls import Call, File, new_key, quoted
from answerback_client._generated import types
from answerback_client._pages import Pages
from answerback_client._resource import Resource


class Tickets(Resource):
    """Tickets."""

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewTicket]) -> types.Message:
        """Accept a ticket; the answer follows by poll, stream or callback."""
        return self._transport.send(
            Call[types.Message]("POST", "/v1/tickets", body=body, key=idempotency_key or new_key())
        )


class Conversations(Resource):
    """Conversations with customers."""

    def list(self, **query: Unpack[types.ConversationsListQuery]) -> Pages[types.Conversation]:
        """List conversations, newest first."""
        return Pages(
            self._transport, Call[types.Conversation]("GET", "/v1/conversations", query=query, repeatable=True)
        )

    def create(self, **body: Unpack[types.NewConversation]) -> types.Conversation:
        """Open a conversation, or return the existing one with this `external_id`."""
        return self._transport.send(Call[types.Conversation]("POST", "/v1/conversations", body=body))

    def retrieve(self, conversation_id: str, /) -> types.Conversation:
        """Return a conversation."""
        return self._transport.send(
            Call[types.Conversation]("GET", f"/v1/conversations/{quoted(conversation_id)}", repeatable=True)
        )

    def update(self, conversation_id: str, /, **body: Unpack[types.ConversationChange]) -> types.Conversation:
        """Change the subject, requester, channel or metadata of a conversation."""
        return self._transport.send(
            Call[types.Conversation](
                "PATCH", f"/v1/conversations/{quoted(conversation_id)}", body=body, repeatable=True
            )
        )

    def delete(self, conversation_id: str, /) -> None:
        """Erase a conversation with its messages, attachments, events and deliveries."""
        self._transport.send(Call[None]("DELETE", f"/v1/conversations/{quoted(conversation_id)}", repeatable=True))

    def list_messages(
        self, conversation_id: str, /, **query: Unpack[types.ConversationsListMessagesQuery]
    ) -> Pages[types.Message]:
        """List the messages of a conversation, oldest first."""
        return Pages(
            self._transport,
            Call[types.Message](
                "GET", f"/v1/conversations/{quoted(conversation_id)}/messages", query=query, repeatable=True
            ),
        )

    def send_message(
        self, conversation_id: str, /, *, idempotency_key: str | None = None, **body: Unpack[types.NewMessage]
    ) -> types.Message:
        """Accept a customer's message; the answer follows by poll, stream or callback."""
        return self._transport.send(
            Call[types.Message](
                "POST",
                f"/v1/conversations/{quoted(conversation_id)}/messages",
                body=body,
                key=idempotency_key or new_key(),
            )
        )

    def create_token(self, conversation_id: str, /, **body: Unpack[types.NewToken]) -> types.Token:
        """Create a token that lets a browser read and write this conversation, and nothing else."""
        return self._transport.send(
            Call[types.Token]("POST", f"/v1/conversations/{quoted(conversation_id)}/token", body=body)
        )

    def hand_off(self, conversation_id: str, /, **body: Unpack[types.NewHandoff]) -> types.Conversation:
        """Hand a conversation off to a human; the bot stays silent until it is resumed."""
        return self._transport.send(
            Call[types.Conversation]("POST", f"/v1/conversations/{quoted(conversation_id)}/handoff", body=body)
        )

    def resume(self, conversation_id: str, /) -> types.Conversation:
        """Return a conversation to the bot."""
        return self._transport.send(
            Call[types.Conversation]("POST", f"/v1/conversations/{quoted(conversation_id)}/resume")
        )

    def reply(self, conversation_id: str, /, **body: Unpack[types.NewReply]) -> types.Message:
        """Send an agent's reply to the customer; the agent owns the conversation from then on."""
        return self._transport.send(
            Call[types.Message]("POST", f"/v1/conversations/{quoted(conversation_id)}/replies", body=body)
        )

    def close(self, conversation_id: str, /) -> types.Conversation:
        """Close a conversation; a new message from the customer reopens it."""
        return self._transport.send(
            Call[types.Conversation]("POST", f"/v1/conversations/{quoted(conversation_id)}/close")
        )


class Messages(Resource):
    """Messages and their outcomes."""

    def retrieve(self, message_id: str, /, *, wait_s: float | None = None) -> types.Message:
        """Return a message; with `Prefer: wait=N`, wait until it has ended."""
        return self._transport.send(
            Call[types.Message]("GET", f"/v1/messages/{quoted(message_id)}", wait_s=wait_s, repeatable=True)
        )

    def cancel(self, message_id: str, /) -> types.Message:
        """Cancel a message that has not ended; a running model call is stopped."""
        return self._transport.send(Call[types.Message]("POST", f"/v1/messages/{quoted(message_id)}/cancel"))

    def retry(self, message_id: str, /) -> types.Message:
        """Retry a message that was handed off, failed or was taken for automatic mail; the bot owns the conversation."""
        return self._transport.send(Call[types.Message]("POST", f"/v1/messages/{quoted(message_id)}/retry"))

    def rate(self, message_id: str, /, **body: Unpack[types.NewFeedback]) -> types.Message:
        """Rate an answer."""
        return self._transport.send(
            Call[types.Message]("PUT", f"/v1/messages/{quoted(message_id)}/feedback", body=body, repeatable=True)
        )


class Attachments(Resource):
    """Files attached to messages."""

    def create(self, file: File, /) -> types.Attachment:
        """Upload a file; it is deleted after a day unless a message lists its id in `attachments`."""
        return self._transport.send(Call[types.Attachment]("POST", "/v1/attachments", file=file))

    def retrieve(self, attachment_id: str, /) -> types.Attachment:
        """Return an attachment; once a worker has read it, with its text or the reason why it cannot be read."""
        return self._transport.send(
            Call[types.Attachment]("GET", f"/v1/attachments/{quoted(attachment_id)}", repeatable=True)
        )


class Documents(Resource):
    """The knowledge base."""

    def list(self, **query: Unpack[types.DocumentsListQuery]) -> Pages[types.Document]:
        """List documents, newest first."""
        return Pages(self._transport, Call[types.Document]("GET", "/v1/documents", query=query, repeatable=True))

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewDocument]) -> types.Document:
        """Add a document, as JSON or as a file; a worker indexes and publishes it."""
        return self._transport.send(
            Call[types.Document]("POST", "/v1/documents", body=body, key=idempotency_key or new_key())
        )

    def create_from_file(
        self, file: File, /, *, idempotency_key: str | None = None, **fields: Unpack[types.DocumentsCreateFromFileForm]
    ) -> types.Document:
        """Add a document, as JSON or as a file; a worker indexes and publishes it."""
        return self._transport.send(
            Call[types.Document]("POST", "/v1/documents", file=file, fields=fields, key=idempotency_key or new_key())
        )

    def retrieve(self, document_id: str, /) -> types.Document:
        """Return a document with its text."""
        return self._transport.send(
            Call[types.Document]("GET", f"/v1/documents/{quoted(document_id)}", repeatable=True)
        )

    def replace(self, document_id: str, /, **body: Unpack[types.NewDocument]) -> types.Document:
        """Replace a document; the old version is used until the new one is published."""
        return self._transport.send(
            Call[types.Document]("PUT", f"/v1/documents/{quoted(document_id)}", body=body, repeatable=True)
        )

    def replace_from_file(
        self, document_id: str, file: File, /, **fields: Unpack[types.DocumentsReplaceFromFileForm]
    ) -> types.Document:
        """Replace a document; the old version is used until the new one is published."""
        return self._transport.send(
            Call[types.Document](
                "PUT", f"/v1/documents/{quoted(document_id)}", file=file, fields=fields, repeatable=True
            )
        )

    def delete(self, document_id: str, /) -> None:
        """Delete a document; it is no longer cited once the next snapshot is published."""
        self._transport.send(Call[None]("DELETE", f"/v1/documents/{quoted(document_id)}", repeatable=True))

    def delete_matching(self, **body: Unpack[types.DocumentDeletion]) -> types.DeletedDocuments:
        """Delete the documents that match filters, or count them with `dry_run`."""
        return self._transport.send(Call[types.DeletedDocuments]("POST", "/v1/documents/delete", body=body))


class Imports(Resource):
    """Imports of many documents."""

    def list(self, **query: Unpack[types.ImportsListQuery]) -> Pages[types.Import]:
        """List imports, newest first."""
        return Pages(self._transport, Call[types.Import]("GET", "/v1/imports", query=query, repeatable=True))

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewImport]) -> types.Import:
        """Import the files of a zip archive, or the pages of a list of URLs or a sitemap."""
        return self._transport.send(
            Call[types.Import]("POST", "/v1/imports", body=body, key=idempotency_key or new_key())
        )

    def create_from_file(
        self, file: File, /, *, idempotency_key: str | None = None, **fields: Unpack[types.ImportsCreateFromFileForm]
    ) -> types.Import:
        """Import the files of a zip archive, or the pages of a list of URLs or a sitemap."""
        return self._transport.send(
            Call[types.Import]("POST", "/v1/imports", file=file, fields=fields, key=idempotency_key or new_key())
        )

    def retrieve(self, import_id: str, /) -> types.Import:
        """Return an import, with its failures and their reasons."""
        return self._transport.send(Call[types.Import]("GET", f"/v1/imports/{quoted(import_id)}", repeatable=True))


class Sources(Resource):
    """Sources that are looked at again."""

    def list(self, **query: Unpack[types.SourcesListQuery]) -> Pages[types.Source]:
        """List sources, newest first, each with its last look."""
        return Pages(self._transport, Call[types.Source]("GET", "/v1/sources", query=query, repeatable=True))

    def create(self, **body: Unpack[types.NewSource]) -> types.Source:
        """Make a source; a worker looks at it at once, and again at its interval."""
        return self._transport.send(Call[types.Source]("POST", "/v1/sources", body=body))

    def retrieve(self, source_id: str, /) -> types.Source:
        """Return a source, with its last look."""
        return self._transport.send(Call[types.Source]("GET", f"/v1/sources/{quoted(source_id)}", repeatable=True))

    def update(self, source_id: str, /, **body: Unpack[types.SourceChange]) -> types.Source:
        """Change a source; what changes for its documents is applied by a look that begins at once."""
        return self._transport.send(
            Call[types.Source]("PATCH", f"/v1/sources/{quoted(source_id)}", body=body, repeatable=True)
        )

    def delete(self, source_id: str, /, **query: Unpack[types.SourcesDeleteQuery]) -> None:
        """Delete a source, and with `documents=delete` also its documents."""
        self._transport.send(Call[None]("DELETE", f"/v1/sources/{quoted(source_id)}", query=query, repeatable=True))

    def look(self, source_id: str, /, **body: Unpack[types.NewLook]) -> types.Source:
        """Look at a source now."""
        return self._transport.send(Call[types.Source]("POST", f"/v1/sources/{quoted(source_id)}/look", body=body))

    def pause(self, source_id: str, /) -> types.Source:
        """Stop looking at a source; its documents stay."""
        return self._transport.send(Call[types.Source]("POST", f"/v1/sources/{quoted(source_id)}/pause"))

    def resume(self, source_id: str, /) -> types.Source:
        """Look at a paused source again, from now on."""
        return self._transport.send(Call[types.Source]("POST", f"/v1/sources/{quoted(source_id)}/resume"))

    def list_runs(self, source_id: str, /, **query: Unpack[types.SourcesListRunsQuery]) -> Pages[types.SourceRun]:
        """List the last 50 looks at a source, newest first, with what was added, changed and gone."""
        return Pages(
            self._transport,
            Call[types.SourceRun]("GET", f"/v1/sources/{quoted(source_id)}/runs", query=query, repeatable=True),
        )


class Snapshots(Resource):
    """Published versions of the knowledge base."""

    def list(self) -> Pages[types.Snapshot]:
        """List the retained snapshots, newest first, on one page."""
        return Pages(self._transport, Call[types.Snapshot]("GET", "/v1/snapshots", repeatable=True))

    def activate(self, version: str, /) -> types.Snapshot:
        """Activate a snapshot, for example to roll back."""
        return self._transport.send(Call[types.Snapshot]("POST", f"/v1/snapshots/{quoted(version)}/activate"))


class Suggestions(Resource):
    """Drafts of articles from what humans replied."""

    def list(self, **query: Unpack[types.SuggestionsListQuery]) -> Pages[types.Suggestion]:
        """List suggestions, newest first."""
        return Pages(self._transport, Call[types.Suggestion]("GET", "/v1/suggestions", query=query, repeatable=True))

    def retrieve(self, suggestion_id: str, /) -> types.Suggestion:
        """Return a suggestion with the newest exchanges that it comes from."""
        return self._transport.send(
            Call[types.Suggestion]("GET", f"/v1/suggestions/{quoted(suggestion_id)}", repeatable=True)
        )

    def update(self, suggestion_id: str, /, **body: Unpack[types.SuggestionEdit]) -> types.Suggestion:
        """Change the draft; nothing is published."""
        return self._transport.send(
            Call[types.Suggestion]("PATCH", f"/v1/suggestions/{quoted(suggestion_id)}", body=body, repeatable=True)
        )

    def accept(self, suggestion_id: str, /, **body: Unpack[types.Acceptance]) -> types.Suggestion:
        """Publish the draft as a document, which a worker indexes; with a title and a text, these."""
        return self._transport.send(
            Call[types.Suggestion]("POST", f"/v1/suggestions/{quoted(suggestion_id)}/accept", body=body)
        )

    def refuse(self, suggestion_id: str, /, **body: Unpack[types.Refusal]) -> types.Suggestion:
        """Refuse a suggestion; it is not offered again when the same is asked, and may still be accepted."""
        return self._transport.send(
            Call[types.Suggestion]("POST", f"/v1/suggestions/{quoted(suggestion_id)}/refuse", body=body)
        )


class Search(Resource):
    """Search of the knowledge base."""

    def query(self, **body: Unpack[types.NewSearch]) -> types.SearchResult:
        """Find passages, best first, with their dense and lexical scores."""
        return self._transport.send(Call[types.SearchResult]("POST", "/v1/search", body=body, repeatable=True))


class Answers(Resource):
    """Answers without a conversation."""

    def create(self, **body: Unpack[types.NewQuestion]) -> types.DirectAnswer:
        """Answer a question without a conversation: nothing is stored, and nobody is told of a handoff."""
        return self._transport.send(Call[types.DirectAnswer]("POST", "/v1/answers", body=body))


class Endpoints(Resource):
    """Webhook endpoints."""

    def list(self, **query: Unpack[types.EndpointsListQuery]) -> Pages[types.Endpoint]:
        """List endpoints, newest first."""
        return Pages(self._transport, Call[types.Endpoint]("GET", "/v1/endpoints", query=query, repeatable=True))

    def create(self, **body: Unpack[types.NewEndpoint]) -> types.Endpoint:
        """Create an endpoint; only this response includes its `secret`."""
        return self._transport.send(Call[types.Endpoint]("POST", "/v1/endpoints", body=body))

    def retrieve(self, endpoint_id: str, /) -> types.Endpoint:
        """Return an endpoint with its state."""
        return self._transport.send(
            Call[types.Endpoint]("GET", f"/v1/endpoints/{quoted(endpoint_id)}", repeatable=True)
        )

    def update(self, endpoint_id: str, /, **body: Unpack[types.EndpointChange]) -> types.Endpoint:
        """Change an endpoint; disabling it ends its pending deliveries, which can be replayed later."""
        return self._transport.send(
            Call[types.Endpoint]("PATCH", f"/v1/endpoints/{quoted(endpoint_id)}", body=body, repeatable=True)
        )

    def delete(self, endpoint_id: str, /) -> None:
        """Delete an endpoint; its deliveries stay listed."""
        self._transport.send(Call[None]("DELETE", f"/v1/endpoints/{quoted(endpoint_id)}", repeatable=True))

    def rotate(self, endpoint_id: str, /, **body: Unpack[types.Rotation]) -> types.Endpoint:
        """Replace the secret and return it; for a day, callbacks are signed with the old one as well."""
        return self._transport.send(
            Call[types.Endpoint]("POST", f"/v1/endpoints/{quoted(endpoint_id)}/rotate", body=body)
        )

    def test(self, endpoint_id: str, /, **body: Unpack[types.EndpointTest]) -> types.WholeDelivery:
        """Send a test delivery."""
        return self._transport.send(
            Call[types.WholeDelivery]("POST", f"/v1/endpoints/{quoted(endpoint_id)}/test", body=body)
        )

    def recover(self, endpoint_id: str, /, **body: Unpack[types.Recovery]) -> types.Replayed:
        """Send the endpoint what it missed since a time: up to 10,000 deliveries, oldest first."""
        return self._transport.send(
            Call[types.Replayed]("POST", f"/v1/endpoints/{quoted(endpoint_id)}/recover", body=body)
        )


class Deliveries(Resource):
    """Deliveries and their attempts."""

    def list(self, **query: Unpack[types.DeliveriesListQuery]) -> Pages[types.Delivery]:
        """List deliveries, newest first, each with its last attempt."""
        return Pages(self._transport, Call[types.Delivery]("GET", "/v1/deliveries", query=query, repeatable=True))

    def retrieve(self, delivery_id: str, /) -> types.WholeDelivery:
        """Return a delivery with its payload and all its attempts."""
        return self._transport.send(
            Call[types.WholeDelivery]("GET", f"/v1/deliveries/{quoted(delivery_id)}", repeatable=True)
        )

    def replay(self, delivery_id: str, /) -> types.WholeDelivery:
        """Send a delivery again under the same id, with the usual retries."""
        return self._transport.send(Call[types.WholeDelivery]("POST", f"/v1/deliveries/{quoted(delivery_id)}/replay"))

    def replay_all(self, **body: Unpack[types.Replay]) -> types.Replayed:
        """Send the deliveries that match a filter again: up to 10,000, oldest first, except those of disabled endpoints."""
        return self._transport.send(Call[types.Replayed]("POST", "/v1/deliveries/replay", body=body))


class Events(Resource):
    """What happened, as a feed."""

    def list(self, *, wait_s: float | None = None, **query: Unpack[types.EventsListQuery]) -> types.EventPage:
        """List what happened in the workspace, oldest first; with `Prefer: wait=N`, wait for something to happen."""
        return self._transport.send(
            Call[types.EventPage]("GET", "/v1/events", query=query, wait_s=wait_s, repeatable=True)
        )

    def retrieve(self, event_id: str, /) -> types.FeedEvent:
        """Return an event."""
        return self._transport.send(Call[types.FeedEvent]("GET", f"/v1/events/{quoted(event_id)}", repeatable=True))

    def test(self, **body: Unpack[types.NewTestEvent]) -> types.FeedEvent:
        """Make a test event, which is in the feed and is sent to the endpoints that subscribe to its type."""
        return self._transport.send(Call[types.FeedEvent]("POST", "/v1/events/test", body=body))


class Helpdesks(Resource):
    """Connected helpdesks."""

    def list(self, **query: Unpack[types.HelpdesksListQuery]) -> Pages[types.Helpdesk]:
        """List the connected helpdesks by name, on one page."""
        return Pages(self._transport, Call[types.Helpdesk]("GET", "/v1/helpdesks", query=query, repeatable=True))

    def create(self, **body: Unpack[types.NewHelpdesk]) -> types.Helpdesk:
        """Connect a helpdesk; only this response includes its `webhook_secret`."""
        return self._transport.send(Call[types.Helpdesk]("POST", "/v1/helpdesks", body=body))

    def retrieve(self, helpdesk_id: str, /) -> types.Helpdesk:
        """Return a connected helpdesk."""
        return self._transport.send(
            Call[types.Helpdesk]("GET", f"/v1/helpdesks/{quoted(helpdesk_id)}", repeatable=True)
        )

    def update(self, helpdesk_id: str, /, **body: Unpack[types.HelpdeskChange]) -> types.Helpdesk:
        """Change a connection."""
        return self._transport.send(
            Call[types.Helpdesk]("PATCH", f"/v1/helpdesks/{quoted(helpdesk_id)}", body=body, repeatable=True)
        )

    def delete(self, helpdesk_id: str, /) -> None:
        """Disconnect a helpdesk; its conversations stay."""
        self._transport.send(Call[None]("DELETE", f"/v1/helpdesks/{quoted(helpdesk_id)}", repeatable=True))


class Mailboxes(Resource):
    """Mailboxes."""

    def list(self) -> Pages[types.Mailbox]:
        """List the mailboxes by name, on one page."""
        return Pages(self._transport, Call[types.Mailbox]("GET", "/v1/mailboxes", repeatable=True))

    def create(self, **body: Unpack[types.NewMailbox]) -> types.Mailbox:
        """Connect a mailbox."""
        return self._transport.send(Call[types.Mailbox]("POST", "/v1/mailboxes", body=body))

    def retrieve(self, mailbox_id: str, /) -> types.Mailbox:
        """Return a mailbox."""
        return self._transport.send(Call[types.Mailbox]("GET", f"/v1/mailboxes/{quoted(mailbox_id)}", repeatable=True))

    def update(self, mailbox_id: str, /, **body: Unpack[types.MailboxChange]) -> types.Mailbox:
        """Change a mailbox."""
        return self._transport.send(
            Call[types.Mailbox]("PATCH", f"/v1/mailboxes/{quoted(mailbox_id)}", body=body, repeatable=True)
        )

    def delete(self, mailbox_id: str, /) -> None:
        """Disconnect a mailbox; its conversations stay, and nothing is deleted in it."""
        self._transport.send(Call[None]("DELETE", f"/v1/mailboxes/{quoted(mailbox_id)}", repeatable=True))

    def list_suppressions(self, mailbox_id: str, /) -> Pages[types.Suppression]:
        """List the addresses that mail bounced from for good, on one page."""
        return Pages(
            self._transport,
            Call[types.Suppression]("GET", f"/v1/mailboxes/{quoted(mailbox_id)}/suppressions", repeatable=True),
        )

    def delete_suppression(self, mailbox_id: str, address: str, /) -> None:
        """Send to an address again."""
        self._transport.send(
            Call[None]("DELETE", f"/v1/mailboxes/{quoted(mailbox_id)}/suppressions/{quoted(address)}", repeatable=True)
        )


class Escalations(Resource):
    """Tasks that handoffs create for agents."""

    def list(self, **query: Unpack[types.EscalationsListQuery]) -> Pages[types.Escalation]:
        """List escalations, newest first."""
        return Pages(self._transport, Call[types.Escalation]("GET", "/v1/escalations", query=query, repeatable=True))

    def retrieve(self, escalation_id: str, /) -> types.Escalation:
        """Return an escalation."""
        return self._transport.send(
            Call[types.Escalation]("GET", f"/v1/escalations/{quoted(escalation_id)}", repeatable=True)
        )

    def assign(self, escalation_id: str, /, **body: Unpack[types.Assignment]) -> types.Escalation:
        """Assign an escalation to an agent; an unassigned one goes to the agent who replies first."""
        return self._transport.send(
            Call[types.Escalation]("POST", f"/v1/escalations/{quoted(escalation_id)}/assign", body=body)
        )

    def close(self, escalation_id: str, /, **body: Unpack[types.Closing]) -> types.Escalation:
        """Close an escalation and its conversation; `then: resume` returns the conversation to the bot instead."""
        return self._transport.send(
            Call[types.Escalation]("POST", f"/v1/escalations/{quoted(escalation_id)}/close", body=body)
        )


class ToolCalls(Resource):
    """Tool calls of the language model."""

    def list(self, conversation_id: str, /, **query: Unpack[types.ToolCallsListQuery]) -> Pages[types.ToolCall]:
        """List the tool calls of a conversation, newest first."""
        return Pages(
            self._transport,
            Call[types.ToolCall](
                "GET", f"/v1/conversations/{quoted(conversation_id)}/tool-calls", query=query, repeatable=True
            ),
        )

    def retrieve(self, tool_call_id: str, /) -> types.ToolCall:
        """Return a tool call; a citation whose `document_id` is its id quotes its `text`."""
        return self._transport.send(
            Call[types.ToolCall]("GET", f"/v1/tool-calls/{quoted(tool_call_id)}", repeatable=True)
        )


class Memories(Resource):
    """Memories."""

    def list(self, **query: Unpack[types.MemoriesListQuery]) -> Pages[types.Memory]:
        """List the memories of one customer, or of all, newest first."""
        return Pages(self._transport, Call[types.Memory]("GET", "/v1/memories", query=query, repeatable=True))

    def create(self, **body: Unpack[types.NewMemory]) -> types.Memory:
        """Store a memory of a customer; it replaces the one of the same name."""
        return self._transport.send(Call[types.Memory]("POST", "/v1/memories", body=body))

    def delete(self, memory_id: str, /) -> None:
        """Delete a memory."""
        self._transport.send(Call[None]("DELETE", f"/v1/memories/{quoted(memory_id)}", repeatable=True))


class Customers(Resource):
    """Memories of customers, and erasure."""

    def erase(self, **body: Unpack[types.Customer]) -> types.Erased:
        """Erase a customer: their conversations, attachments, deliveries, session state and memories."""
        return self._transport.send(Call[types.Erased]("POST", "/v1/customers/erase", body=body))


class Usage(Resource):
    """Tokens and cost of language models."""

    def list(self, **query: Unpack[types.UsageListQuery]) -> Pages[types.Account]:
        """List the calls, tokens and cost of models by day, API key, conversation, message or judge; newest first."""
        return Pages(self._transport, Call[types.Account]("GET", "/v1/usage", query=query, repeatable=True))


class Quality(Resource):
    """Reports on the quality of answers."""

    def retrieve(self, **query: Unpack[types.QualityRetrieveQuery]) -> types.Quality:
        """Return outcomes, ratings, cost and latency by day."""
        return self._transport.send(Call[types.Quality]("GET", "/v1/quality", query=query, repeatable=True))


class Reports(Resource):
    """Reports on what became of conversations."""

    def retrieve(self, **query: Unpack[types.ReportsRetrieveQuery]) -> types.Report:
        """Return the figures of a period beside those of the period before."""
        return self._transport.send(Call[types.Report]("GET", "/v1/reports/summary", query=query, repeatable=True))

    def topics(self, **query: Unpack[types.ReportsTopicsQuery]) -> types.ReportTopics:
        """Group the conversations of a period by what they ask."""
        return self._transport.send(Call[types.ReportTopics]("GET", "/v1/reports/topics", query=query, repeatable=True))


class Audit(Resource):
    """Audit log."""

    def list(self, **query: Unpack[types.AuditListQuery]) -> Pages[types.Action]:
        """List the actions of operators, newest first."""
        return Pages(self._transport, Call[types.Action]("GET", "/v1/audit", query=query, repeatable=True))


class Accounts(Resource):
    """The people of the workspace, and what they may do."""

    def list(self, **query: Unpack[types.AccountsListQuery]) -> Pages[types.UserAccount]:
        """List the people of the workspace, those who came last first."""
        return Pages(self._transport, Call[types.UserAccount]("GET", "/v1/accounts", query=query, repeatable=True))

    def invite(self, **body: Unpack[types.NewAccount]) -> types.InvitedUserAccount:
        """Invite somebody to the workspace; an invitation that waits is replaced."""
        return self._transport.send(Call[types.InvitedUserAccount]("POST", "/v1/accounts", body=body))

    def retrieve(self, account_id: str, /) -> types.UserAccount:
        """Return a person of the workspace."""
        return self._transport.send(
            Call[types.UserAccount]("GET", f"/v1/accounts/{quoted(account_id)}", repeatable=True)
        )

    def update(self, account_id: str, /, **body: Unpack[types.AccountChange]) -> types.UserAccount:
        """Change the role of a person, or disable or enable them in the workspace."""
        return self._transport.send(
            Call[types.UserAccount]("PATCH", f"/v1/accounts/{quoted(account_id)}", body=body, repeatable=True)
        )

    def remove(self, account_id: str, /) -> None:
        """Remove a person from the workspace; what they wrote stays, with their name."""
        self._transport.send(Call[None]("DELETE", f"/v1/accounts/{quoted(account_id)}", repeatable=True))

    def renew_invitation(self, account_id: str, /) -> types.InvitedUserAccount:
        """Send an invitation that waits again, with a new link; the old one ends."""
        return self._transport.send(
            Call[types.InvitedUserAccount]("POST", f"/v1/accounts/{quoted(account_id)}/invitation")
        )


class Status(Resource):
    """Backlog, workers and counters."""

    def retrieve(self) -> types.Status:
        """Return the backlog, the running workers and the counters."""
        return self._transport.send(Call[types.Status]("GET", "/v1/status", repeatable=True))


class Categories(Resource):
    """Messages that a human answers, told by examples."""

    def list(self) -> types.Categories:
        """Return the categories of the workspace, and those that ship."""
        return self._transport.send(Call[types.Categories]("GET", "/v1/workspace/categories", repeatable=True))

    def retrieve(self, name: str, /) -> types.SavedCategory:
        """Return a category."""
        return self._transport.send(
            Call[types.SavedCategory]("GET", f"/v1/workspace/categories/{quoted(name)}", repeatable=True)
        )

    def put(self, name: str, /, **body: Unpack[types.Category]) -> types.SavedCategory:
        """Add a category, or replace it. The name of one that ships adds examples to that one."""
        return self._transport.send(
            Call[types.SavedCategory]("PUT", f"/v1/workspace/categories/{quoted(name)}", body=body, repeatable=True)
        )

    def delete(self, name: str, /) -> None:
        """Delete a category."""
        self._transport.send(Call[None]("DELETE", f"/v1/workspace/categories/{quoted(name)}", repeatable=True))

    def check(self, name: str, /) -> types.CategoryCheck:
        """Return how many of its examples would be recognised if each were left out of the others."""
        return self._transport.send(
            Call[types.CategoryCheck]("GET", f"/v1/workspace/categories/{quoted(name)}/check", repeatable=True)
        )


class Voice(Resource):
    """How the assistant of the workspace speaks."""

    def retrieve(self) -> types.SetVoice:
        """Return the voice, with the defaults of what is not set."""
        return self._transport.send(Call[types.SetVoice]("GET", "/v1/workspace/voice", repeatable=True))

    def put(self, **body: Unpack[types.Voice]) -> types.SetVoice:
        """Replace the voice; what is left out has its default. Answers have it from the next one on."""
        return self._transport.send(Call[types.SetVoice]("PUT", "/v1/workspace/voice", body=body, repeatable=True))


class Settings(Resource):
    """The settings of the workspace."""

    def retrieve(self) -> types.WorkspaceSettings:
        """Return each setting with its value, its default and where the value is from."""
        return self._transport.send(Call[types.WorkspaceSettings]("GET", "/v1/settings", repeatable=True))

    def update(self, **body: Unpack[types.SettingsChange]) -> types.WorkspaceSettings:
        """Override settings, all of those sent or none; answers have them from the next message on."""
        return self._transport.send(Call[types.WorkspaceSettings]("PATCH", "/v1/settings", body=body, repeatable=True))
