// The resources of the API.
// Generated from docs/openapi.json by clients/generate.py: do not edit.

import { type CallOptions, type FileInput, newKey, part, type WithKey, type WithWait } from "../calls.js";
import { Pages } from "../pages.js";
import type { Transport } from "../transport.js";
import type * as types from "./types.js";

export class Resource {
  protected readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }
}

/** Tickets. */
export class Tickets extends Resource {
  /** Accept a ticket; the answer follows by poll, stream or callback. */
  create(body: types.NewTicket, options: WithKey = {}): Promise<types.Message> {
    return this.transport.send({ method: "POST", path: "/v1/tickets", body, key: options.idempotencyKey ?? newKey() }, options);
  }
}

/** Conversations with customers. */
export class Conversations extends Resource {
  /** List conversations, newest first. */
  list(query: types.ConversationsListQuery = {}, options: CallOptions = {}): Pages<types.Conversation> {
    return new Pages(this.transport, { method: "GET", path: "/v1/conversations", query, repeatable: true }, options);
  }

  /** Open a conversation, or return the existing one with this `external_id`. */
  create(body: types.NewConversation, options: CallOptions = {}): Promise<types.Conversation> {
    return this.transport.send({ method: "POST", path: "/v1/conversations", body }, options);
  }

  /** Return a conversation. */
  retrieve(conversationId: string, options: CallOptions = {}): Promise<types.Conversation> {
    return this.transport.send({ method: "GET", path: `/v1/conversations/${part(conversationId)}`, repeatable: true }, options);
  }

  /** Change the subject, requester, channel or metadata of a conversation. */
  update(conversationId: string, body: types.ConversationChange, options: CallOptions = {}): Promise<types.Conversation> {
    return this.transport.send({ method: "PATCH", path: `/v1/conversations/${part(conversationId)}`, body, repeatable: true }, options);
  }

  /** Erase a conversation with its messages, attachments, events and deliveries. */
  delete(conversationId: string, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/conversations/${part(conversationId)}`, repeatable: true }, options);
  }

  /** List the messages of a conversation, oldest first. */
  listMessages(conversationId: string, query: types.ConversationsListMessagesQuery = {}, options: CallOptions = {}): Pages<types.Message> {
    return new Pages(this.transport, { method: "GET", path: `/v1/conversations/${part(conversationId)}/messages`, query, repeatable: true }, options);
  }

  /** Accept a customer's message; the answer follows by poll, stream or callback. */
  sendMessage(conversationId: string, body: types.NewMessage, options: WithKey = {}): Promise<types.Message> {
    return this.transport.send({ method: "POST", path: `/v1/conversations/${part(conversationId)}/messages`, body, key: options.idempotencyKey ?? newKey() }, options);
  }

  /** Create a token that lets a browser read and write this conversation, and nothing else. */
  createToken(conversationId: string, body: types.NewToken, options: CallOptions = {}): Promise<types.Token> {
    return this.transport.send({ method: "POST", path: `/v1/conversations/${part(conversationId)}/token`, body }, options);
  }

  /** Hand a conversation off to a human; the bot stays silent until it is resumed. */
  handOff(conversationId: string, body: types.NewHandoff, options: CallOptions = {}): Promise<types.Conversation> {
    return this.transport.send({ method: "POST", path: `/v1/conversations/${part(conversationId)}/handoff`, body }, options);
  }

  /** Return a conversation to the bot. */
  resume(conversationId: string, options: CallOptions = {}): Promise<types.Conversation> {
    return this.transport.send({ method: "POST", path: `/v1/conversations/${part(conversationId)}/resume` }, options);
  }

  /** Send an agent's reply to the customer; the agent owns the conversation from then on. */
  reply(conversationId: string, body: types.NewReply, options: CallOptions = {}): Promise<types.Message> {
    return this.transport.send({ method: "POST", path: `/v1/conversations/${part(conversationId)}/replies`, body }, options);
  }

  /** Close a conversation; a new message from the customer reopens it. */
  close(conversationId: string, options: CallOptions = {}): Promise<types.Conversation> {
    return this.transport.send({ method: "POST", path: `/v1/conversations/${part(conversationId)}/close` }, options);
  }
}

/** Messages and their outcomes. */
export class Messages extends Resource {
  /** Return a message; with `Prefer: wait=N`, wait until it has ended. */
  retrieve(messageId: string, options: WithWait = {}): Promise<types.Message> {
    return this.transport.send({ method: "GET", path: `/v1/messages/${part(messageId)}`, waitMs: options.waitMs, repeatable: true }, options);
  }

  /** Cancel a message that has not ended; a running model call is stopped. */
  cancel(messageId: string, options: CallOptions = {}): Promise<types.Message> {
    return this.transport.send({ method: "POST", path: `/v1/messages/${part(messageId)}/cancel` }, options);
  }

  /** Retry a message that was handed off, failed or was taken for automatic mail; the bot owns the conversation. */
  retry(messageId: string, options: CallOptions = {}): Promise<types.Message> {
    return this.transport.send({ method: "POST", path: `/v1/messages/${part(messageId)}/retry` }, options);
  }

  /** Rate an answer. */
  rate(messageId: string, body: types.NewFeedback, options: CallOptions = {}): Promise<types.Message> {
    return this.transport.send({ method: "PUT", path: `/v1/messages/${part(messageId)}/feedback`, body, repeatable: true }, options);
  }
}

/** Files attached to messages. */
export class Attachments extends Resource {
  /** Upload a file; it is deleted after a day unless a message lists its id in `attachments`. */
  create(file: FileInput, options: CallOptions = {}): Promise<types.Attachment> {
    return this.transport.send({ method: "POST", path: "/v1/attachments", file }, options);
  }

  /** Return an attachment; once a worker has read it, with its text or the reason why it cannot be read. */
  retrieve(attachmentId: string, options: CallOptions = {}): Promise<types.Attachment> {
    return this.transport.send({ method: "GET", path: `/v1/attachments/${part(attachmentId)}`, repeatable: true }, options);
  }
}

/** The knowledge base. */
export class Documents extends Resource {
  /** List documents, newest first. */
  list(query: types.DocumentsListQuery = {}, options: CallOptions = {}): Pages<types.Document> {
    return new Pages(this.transport, { method: "GET", path: "/v1/documents", query, repeatable: true }, options);
  }

  /** Add a document, as JSON or as a file; a worker indexes and publishes it. */
  create(body: types.NewDocument, options: WithKey = {}): Promise<types.Document> {
    return this.transport.send({ method: "POST", path: "/v1/documents", body, key: options.idempotencyKey ?? newKey() }, options);
  }

  /** Add a document, as JSON or as a file; a worker indexes and publishes it. */
  createFromFile(file: FileInput, fields: types.DocumentsCreateFromFileForm = {}, options: WithKey = {}): Promise<types.Document> {
    return this.transport.send({ method: "POST", path: "/v1/documents", file, fields, key: options.idempotencyKey ?? newKey() }, options);
  }

  /** Return a document with its text. */
  retrieve(documentId: string, options: CallOptions = {}): Promise<types.Document> {
    return this.transport.send({ method: "GET", path: `/v1/documents/${part(documentId)}`, repeatable: true }, options);
  }

  /** Replace a document; the old version is used until the new one is published. */
  replace(documentId: string, body: types.NewDocument, options: CallOptions = {}): Promise<types.Document> {
    return this.transport.send({ method: "PUT", path: `/v1/documents/${part(documentId)}`, body, repeatable: true }, options);
  }

  /** Replace a document; the old version is used until the new one is published. */
  replaceFromFile(documentId: string, file: FileInput, fields: types.DocumentsReplaceFromFileForm = {}, options: CallOptions = {}): Promise<types.Document> {
    return this.transport.send({ method: "PUT", path: `/v1/documents/${part(documentId)}`, file, fields, repeatable: true }, options);
  }

  /** Delete a document; it is no longer cited once the next snapshot is published. */
  delete(documentId: string, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/documents/${part(documentId)}`, repeatable: true }, options);
  }

  /** Delete the documents that match filters, or count them with `dry_run`. */
  deleteMatching(body: types.DocumentDeletion, options: CallOptions = {}): Promise<types.DeletedDocuments> {
    return this.transport.send({ method: "POST", path: "/v1/documents/delete", body }, options);
  }
}

/** Imports of many documents. */
export class Imports extends Resource {
  /** List imports, newest first. */
  list(query: types.ImportsListQuery = {}, options: CallOptions = {}): Pages<types.Import> {
    return new Pages(this.transport, { method: "GET", path: "/v1/imports", query, repeatable: true }, options);
  }

  /** Import the files of a zip archive, or the pages of a list of URLs or a sitemap. */
  create(body: types.NewImport, options: WithKey = {}): Promise<types.Import> {
    return this.transport.send({ method: "POST", path: "/v1/imports", body, key: options.idempotencyKey ?? newKey() }, options);
  }

  /** Import the files of a zip archive, or the pages of a list of URLs or a sitemap. */
  createFromFile(file: FileInput, fields: types.ImportsCreateFromFileForm = {}, options: WithKey = {}): Promise<types.Import> {
    return this.transport.send({ method: "POST", path: "/v1/imports", file, fields, key: options.idempotencyKey ?? newKey() }, options);
  }

  /** Return an import, with its failures and their reasons. */
  retrieve(importId: string, options: CallOptions = {}): Promise<types.Import> {
    return this.transport.send({ method: "GET", path: `/v1/imports/${part(importId)}`, repeatable: true }, options);
  }
}

/** Sources that are looked at again. */
export class Sources extends Resource {
  /** List sources, newest first, each with its last look. */
  list(query: types.SourcesListQuery = {}, options: CallOptions = {}): Pages<types.Source> {
    return new Pages(this.transport, { method: "GET", path: "/v1/sources", query, repeatable: true }, options);
  }

  /** Make a source; a worker looks at it at once, and again at its interval. */
  create(body: types.NewSource, options: CallOptions = {}): Promise<types.Source> {
    return this.transport.send({ method: "POST", path: "/v1/sources", body }, options);
  }

  /** Return a source, with its last look. */
  retrieve(sourceId: string, options: CallOptions = {}): Promise<types.Source> {
    return this.transport.send({ method: "GET", path: `/v1/sources/${part(sourceId)}`, repeatable: true }, options);
  }

  /** Change a source; what changes for its documents is applied by a look that begins at once. */
  update(sourceId: string, body: types.SourceChange, options: CallOptions = {}): Promise<types.Source> {
    return this.transport.send({ method: "PATCH", path: `/v1/sources/${part(sourceId)}`, body, repeatable: true }, options);
  }

  /** Delete a source, and with `documents=delete` also its documents. */
  delete(sourceId: string, query: types.SourcesDeleteQuery = {}, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/sources/${part(sourceId)}`, query, repeatable: true }, options);
  }

  /** Look at a source now. */
  look(sourceId: string, body: types.NewLook, options: CallOptions = {}): Promise<types.Source> {
    return this.transport.send({ method: "POST", path: `/v1/sources/${part(sourceId)}/look`, body }, options);
  }

  /** Stop looking at a source; its documents stay. */
  pause(sourceId: string, options: CallOptions = {}): Promise<types.Source> {
    return this.transport.send({ method: "POST", path: `/v1/sources/${part(sourceId)}/pause` }, options);
  }

  /** Look at a paused source again, from now on. */
  resume(sourceId: string, options: CallOptions = {}): Promise<types.Source> {
    return this.transport.send({ method: "POST", path: `/v1/sources/${part(sourceId)}/resume` }, options);
  }

  /** List the last 50 looks at a source, newest first, with what was added, changed and gone. */
  listRuns(sourceId: string, query: types.SourcesListRunsQuery = {}, options: CallOptions = {}): Pages<types.SourceRun> {
    return new Pages(this.transport, { method: "GET", path: `/v1/sources/${part(sourceId)}/runs`, query, repeatable: true }, options);
  }
}

/** Published versions of the knowledge base. */
export class Snapshots extends Resource {
  /** List the retained snapshots, newest first, on one page. */
  list(options: CallOptions = {}): Pages<types.Snapshot> {
    return new Pages(this.transport, { method: "GET", path: "/v1/snapshots", repeatable: true }, options);
  }

  /** Activate a snapshot, for example to roll back. */
  activate(version: string, options: CallOptions = {}): Promise<types.Snapshot> {
    return this.transport.send({ method: "POST", path: `/v1/snapshots/${part(version)}/activate` }, options);
  }
}

/** Drafts of articles from what humans replied. */
export class Suggestions extends Resource {
  /** List suggestions, newest first. */
  list(query: types.SuggestionsListQuery = {}, options: CallOptions = {}): Pages<types.Suggestion> {
    return new Pages(this.transport, { method: "GET", path: "/v1/suggestions", query, repeatable: true }, options);
  }

  /** Return a suggestion with the newest exchanges that it comes from. */
  retrieve(suggestionId: string, options: CallOptions = {}): Promise<types.Suggestion> {
    return this.transport.send({ method: "GET", path: `/v1/suggestions/${part(suggestionId)}`, repeatable: true }, options);
  }

  /** Change the draft; nothing is published. */
  update(suggestionId: string, body: types.SuggestionEdit, options: CallOptions = {}): Promise<types.Suggestion> {
    return this.transport.send({ method: "PATCH", path: `/v1/suggestions/${part(suggestionId)}`, body, repeatable: true }, options);
  }

  /** Publish the draft as a document, which a worker indexes; with a title and a text, these. */
  accept(suggestionId: string, body: types.Acceptance, options: CallOptions = {}): Promise<types.Suggestion> {
    return this.transport.send({ method: "POST", path: `/v1/suggestions/${part(suggestionId)}/accept`, body }, options);
  }

  /** Refuse a suggestion; it is not offered again when the same is asked, and may still be accepted. */
  refuse(suggestionId: string, body: types.Refusal, options: CallOptions = {}): Promise<types.Suggestion> {
    return this.transport.send({ method: "POST", path: `/v1/suggestions/${part(suggestionId)}/refuse`, body }, options);
  }
}

/** Search of the knowledge base. */
export class Search extends Resource {
  /** Find passages, best first, with their dense and lexical scores. */
  query(body: types.NewSearch, options: CallOptions = {}): Promise<types.SearchResult> {
    return this.transport.send({ method: "POST", path: "/v1/search", body, repeatable: true }, options);
  }
}

/** Answers without a conversation. */
export class Answers extends Resource {
  /** Answer a question without a conversation: nothing is stored, and nobody is told of a handoff. */
  create(body: types.NewQuestion, options: CallOptions = {}): Promise<types.DirectAnswer> {
    return this.transport.send({ method: "POST", path: "/v1/answers", body }, options);
  }
}

/** Webhook endpoints. */
export class Endpoints extends Resource {
  /** List endpoints, newest first. */
  list(query: types.EndpointsListQuery = {}, options: CallOptions = {}): Pages<types.Endpoint> {
    return new Pages(this.transport, { method: "GET", path: "/v1/endpoints", query, repeatable: true }, options);
  }

  /** Create an endpoint; only this response includes its `secret`. */
  create(body: types.NewEndpoint, options: CallOptions = {}): Promise<types.Endpoint> {
    return this.transport.send({ method: "POST", path: "/v1/endpoints", body }, options);
  }

  /** Return an endpoint with its state. */
  retrieve(endpointId: string, options: CallOptions = {}): Promise<types.Endpoint> {
    return this.transport.send({ method: "GET", path: `/v1/endpoints/${part(endpointId)}`, repeatable: true }, options);
  }

  /** Change an endpoint; disabling it ends its pending deliveries, which can be replayed later. */
  update(endpointId: string, body: types.EndpointChange, options: CallOptions = {}): Promise<types.Endpoint> {
    return this.transport.send({ method: "PATCH", path: `/v1/endpoints/${part(endpointId)}`, body, repeatable: true }, options);
  }

  /** Delete an endpoint; its deliveries stay listed. */
  delete(endpointId: string, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/endpoints/${part(endpointId)}`, repeatable: true }, options);
  }

  /** Replace the secret and return it; for a day, callbacks are signed with the old one as well. */
  rotate(endpointId: string, body: types.Rotation, options: CallOptions = {}): Promise<types.Endpoint> {
    return this.transport.send({ method: "POST", path: `/v1/endpoints/${part(endpointId)}/rotate`, body }, options);
  }

  /** Send a test delivery. */
  test(endpointId: string, body: types.EndpointTest, options: CallOptions = {}): Promise<types.WholeDelivery> {
    return this.transport.send({ method: "POST", path: `/v1/endpoints/${part(endpointId)}/test`, body }, options);
  }

  /** Send the endpoint what it missed since a time: up to 10,000 deliveries, oldest first. */
  recover(endpointId: string, body: types.Recovery, options: CallOptions = {}): Promise<types.Replayed> {
    return this.transport.send({ method: "POST", path: `/v1/endpoints/${part(endpointId)}/recover`, body }, options);
  }
}

/** Deliveries and their attempts. */
export class Deliveries extends Resource {
  /** List deliveries, newest first, each with its last attempt. */
  list(query: types.DeliveriesListQuery = {}, options: CallOptions = {}): Pages<types.Delivery> {
    return new Pages(this.transport, { method: "GET", path: "/v1/deliveries", query, repeatable: true }, options);
  }

  /** Return a delivery with its payload and all its attempts. */
  retrieve(deliveryId: string, options: CallOptions = {}): Promise<types.WholeDelivery> {
    return this.transport.send({ method: "GET", path: `/v1/deliveries/${part(deliveryId)}`, repeatable: true }, options);
  }

  /** Send a delivery again under the same id, with the usual retries. */
  replay(deliveryId: string, options: CallOptions = {}): Promise<types.WholeDelivery> {
    return this.transport.send({ method: "POST", path: `/v1/deliveries/${part(deliveryId)}/replay` }, options);
  }

  /** Send the deliveries that match a filter again: up to 10,000, oldest first, except those of disabled endpoints. */
  replayAll(body: types.Replay, options: CallOptions = {}): Promise<types.Replayed> {
    return this.transport.send({ method: "POST", path: "/v1/deliveries/replay", body }, options);
  }
}

/** What happened, as a feed. */
export class Events extends Resource {
  /** List what happened in the workspace, oldest first; with `Prefer: wait=N`, wait for something to happen. */
  list(query: types.EventsListQuery = {}, options: WithWait = {}): Promise<types.EventPage> {
    return this.transport.send({ method: "GET", path: "/v1/events", query, waitMs: options.waitMs, repeatable: true }, options);
  }

  /** Return an event. */
  retrieve(eventId: string, options: CallOptions = {}): Promise<types.FeedEvent> {
    return this.transport.send({ method: "GET", path: `/v1/events/${part(eventId)}`, repeatable: true }, options);
  }

  /** Make a test event, which is in the feed and is sent to the endpoints that subscribe to its type. */
  test(body: types.NewTestEvent, options: CallOptions = {}): Promise<types.FeedEvent> {
    return this.transport.send({ method: "POST", path: "/v1/events/test", body }, options);
  }
}

/** Connected helpdesks. */
export class Helpdesks extends Resource {
  /** List the connected helpdesks by name, on one page. */
  list(query: types.HelpdesksListQuery = {}, options: CallOptions = {}): Pages<types.Helpdesk> {
    return new Pages(this.transport, { method: "GET", path: "/v1/helpdesks", query, repeatable: true }, options);
  }

  /** Connect a helpdesk; only this response includes its `webhook_secret`. */
  create(body: types.NewHelpdesk, options: CallOptions = {}): Promise<types.Helpdesk> {
    return this.transport.send({ method: "POST", path: "/v1/helpdesks", body }, options);
  }

  /** Return a connected helpdesk. */
  retrieve(helpdeskId: string, options: CallOptions = {}): Promise<types.Helpdesk> {
    return this.transport.send({ method: "GET", path: `/v1/helpdesks/${part(helpdeskId)}`, repeatable: true }, options);
  }

  /** Change a connection. */
  update(helpdeskId: string, body: types.HelpdeskChange, options: CallOptions = {}): Promise<types.Helpdesk> {
    return this.transport.send({ method: "PATCH", path: `/v1/helpdesks/${part(helpdeskId)}`, body, repeatable: true }, options);
  }

  /** Disconnect a helpdesk; its conversations stay. */
  delete(helpdeskId: string, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/helpdesks/${part(helpdeskId)}`, repeatable: true }, options);
  }
}

/** Mailboxes. */
export class Mailboxes extends Resource {
  /** List the mailboxes by name, on one page. */
  list(options: CallOptions = {}): Pages<types.Mailbox> {
    return new Pages(this.transport, { method: "GET", path: "/v1/mailboxes", repeatable: true }, options);
  }

  /** Connect a mailbox. */
  create(body: types.NewMailbox, options: CallOptions = {}): Promise<types.Mailbox> {
    return this.transport.send({ method: "POST", path: "/v1/mailboxes", body }, options);
  }

  /** Return a mailbox. */
  retrieve(mailboxId: string, options: CallOptions = {}): Promise<types.Mailbox> {
    return this.transport.send({ method: "GET", path: `/v1/mailboxes/${part(mailboxId)}`, repeatable: true }, options);
  }

  /** Change a mailbox. */
  update(mailboxId: string, body: types.MailboxChange, options: CallOptions = {}): Promise<types.Mailbox> {
    return this.transport.send({ method: "PATCH", path: `/v1/mailboxes/${part(mailboxId)}`, body, repeatable: true }, options);
  }

  /** Disconnect a mailbox; its conversations stay, and nothing is deleted in it. */
  delete(mailboxId: string, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/mailboxes/${part(mailboxId)}`, repeatable: true }, options);
  }

  /** List the addresses that mail bounced from for good, on one page. */
  listSuppressions(mailboxId: string, options: CallOptions = {}): Pages<types.Suppression> {
    return new Pages(this.transport, { method: "GET", path: `/v1/mailboxes/${part(mailboxId)}/suppressions`, repeatable: true }, options);
  }

  /** Send to an address again. */
  deleteSuppression(mailboxId: string, address: string, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/mailboxes/${part(mailboxId)}/suppressions/${part(address)}`, repeatable: true }, options);
  }
}

/** Tasks that handoffs create for agents. */
export class Escalations extends Resource {
  /** List escalations, newest first. */
  list(query: types.EscalationsListQuery = {}, options: CallOptions = {}): Pages<types.Escalation> {
    return new Pages(this.transport, { method: "GET", path: "/v1/escalations", query, repeatable: true }, options);
  }

  /** Return an escalation. */
  retrieve(escalationId: string, options: CallOptions = {}): Promise<types.Escalation> {
    return this.transport.send({ method: "GET", path: `/v1/escalations/${part(escalationId)}`, repeatable: true }, options);
  }

  /** Assign an escalation to an agent; an unassigned one goes to the agent who replies first. */
  assign(escalationId: string, body: types.Assignment, options: CallOptions = {}): Promise<types.Escalation> {
    return this.transport.send({ method: "POST", path: `/v1/escalations/${part(escalationId)}/assign`, body }, options);
  }

  /** Close an escalation and its conversation; `then: resume` returns the conversation to the bot instead. */
  close(escalationId: string, body: types.Closing, options: CallOptions = {}): Promise<types.Escalation> {
    return this.transport.send({ method: "POST", path: `/v1/escalations/${part(escalationId)}/close`, body }, options);
  }
}

/** Tool calls of the language model. */
export class ToolCalls extends Resource {
  /** List the tool calls of a conversation, newest first. */
  list(conversationId: string, query: types.ToolCallsListQuery = {}, options: CallOptions = {}): Pages<types.ToolCall> {
    return new Pages(this.transport, { method: "GET", path: `/v1/conversations/${part(conversationId)}/tool-calls`, query, repeatable: true }, options);
  }

  /** Return a tool call; a citation whose `document_id` is its id quotes its `text`. */
  retrieve(toolCallId: string, options: CallOptions = {}): Promise<types.ToolCall> {
    return this.transport.send({ method: "GET", path: `/v1/tool-calls/${part(toolCallId)}`, repeatable: true }, options);
  }
}

/** Memories. */
export class Memories extends Resource {
  /** List the memories of one customer, or of all, newest first. */
  list(query: types.MemoriesListQuery = {}, options: CallOptions = {}): Pages<types.Memory> {
    return new Pages(this.transport, { method: "GET", path: "/v1/memories", query, repeatable: true }, options);
  }

  /** Store a memory of a customer; it replaces the one of the same name. */
  create(body: types.NewMemory, options: CallOptions = {}): Promise<types.Memory> {
    return this.transport.send({ method: "POST", path: "/v1/memories", body }, options);
  }

  /** Delete a memory. */
  delete(memoryId: string, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/memories/${part(memoryId)}`, repeatable: true }, options);
  }
}

/** Memories of customers, and erasure. */
export class Customers extends Resource {
  /** Erase a customer: their conversations, attachments, deliveries, session state and memories. */
  erase(body: types.Customer, options: CallOptions = {}): Promise<types.Erased> {
    return this.transport.send({ method: "POST", path: "/v1/customers/erase", body }, options);
  }
}

/** Tokens and cost of language models. */
export class Usage extends Resource {
  /** List the calls, tokens and cost of models by day, API key, conversation, message or judge; newest first. */
  list(query: types.UsageListQuery = {}, options: CallOptions = {}): Pages<types.Account> {
    return new Pages(this.transport, { method: "GET", path: "/v1/usage", query, repeatable: true }, options);
  }
}

/** Reports on the quality of answers. */
export class Quality extends Resource {
  /** Return outcomes, ratings, cost and latency by day. */
  retrieve(query: types.QualityRetrieveQuery = {}, options: CallOptions = {}): Promise<types.Quality> {
    return this.transport.send({ method: "GET", path: "/v1/quality", query, repeatable: true }, options);
  }
}

/** Reports on what became of conversations. */
export class Reports extends Resource {
  /** Return the figures of a period beside those of the period before. */
  retrieve(query: types.ReportsRetrieveQuery = {}, options: CallOptions = {}): Promise<types.Report> {
    return this.transport.send({ method: "GET", path: "/v1/reports/summary", query, repeatable: true }, options);
  }

  /** Group the conversations of a period by what they ask. */
  topics(query: types.ReportsTopicsQuery = {}, options: CallOptions = {}): Promise<types.ReportTopics> {
    return this.transport.send({ method: "GET", path: "/v1/reports/topics", query, repeatable: true }, options);
  }
}

/** Audit log. */
export class Audit extends Resource {
  /** List the actions of operators, newest first. */
  list(query: types.AuditListQuery = {}, options: CallOptions = {}): Pages<types.Action> {
    return new Pages(this.transport, { method: "GET", path: "/v1/audit", query, repeatable: true }, options);
  }
}

/** The people of the workspace, and what they may do. */
export class Accounts extends Resource {
  /** List the people of the workspace, those who came last first. */
  list(query: types.AccountsListQuery = {}, options: CallOptions = {}): Pages<types.UserAccount> {
    return new Pages(this.transport, { method: "GET", path: "/v1/accounts", query, repeatable: true }, options);
  }

  /** Invite somebody to the workspace; an invitation that waits is replaced. */
  invite(body: types.NewAccount, options: CallOptions = {}): Promise<types.InvitedUserAccount> {
    return this.transport.send({ method: "POST", path: "/v1/accounts", body }, options);
  }

  /** Return a person of the workspace. */
  retrieve(accountId: string, options: CallOptions = {}): Promise<types.UserAccount> {
    return this.transport.send({ method: "GET", path: `/v1/accounts/${part(accountId)}`, repeatable: true }, options);
  }

  /** Change the role of a person, or disable or enable them in the workspace. */
  update(accountId: string, body: types.AccountChange, options: CallOptions = {}): Promise<types.UserAccount> {
    return this.transport.send({ method: "PATCH", path: `/v1/accounts/${part(accountId)}`, body, repeatable: true }, options);
  }

  /** Remove a person from the workspace; what they wrote stays, with their name. */
  remove(accountId: string, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/accounts/${part(accountId)}`, repeatable: true }, options);
  }

  /** Send an invitation that waits again, with a new link; the old one ends. */
  renewInvitation(accountId: string, options: CallOptions = {}): Promise<types.InvitedUserAccount> {
    return this.transport.send({ method: "POST", path: `/v1/accounts/${part(accountId)}/invitation` }, options);
  }
}

/** Backlog, workers and counters. */
export class Status extends Resource {
  /** Return the backlog, the running workers and the counters. */
  retrieve(options: CallOptions = {}): Promise<types.Status> {
    return this.transport.send({ method: "GET", path: "/v1/status", repeatable: true }, options);
  }
}

/** Messages that a human answers, told by examples. */
export class Categories extends Resource {
  /** Return the categories of the workspace, and those that ship. */
  list(options: CallOptions = {}): Promise<types.Categories> {
    return this.transport.send({ method: "GET", path: "/v1/workspace/categories", repeatable: true }, options);
  }

  /** Return a category. */
  retrieve(name: string, options: CallOptions = {}): Promise<types.SavedCategory> {
    return this.transport.send({ method: "GET", path: `/v1/workspace/categories/${part(name)}`, repeatable: true }, options);
  }

  /** Add a category, or replace it. The name of one that ships adds examples to that one. */
  put(name: string, body: types.Category, options: CallOptions = {}): Promise<types.SavedCategory> {
    return this.transport.send({ method: "PUT", path: `/v1/workspace/categories/${part(name)}`, body, repeatable: true }, options);
  }

  /** Delete a category. */
  delete(name: string, options: CallOptions = {}): Promise<void> {
    return this.transport.send({ method: "DELETE", path: `/v1/workspace/categories/${part(name)}`, repeatable: true }, options);
  }

  /** Return how many of its examples would be recognised if each were left out of the others. */
  check(name: string, options: CallOptions = {}): Promise<types.CategoryCheck> {
    return this.transport.send({ method: "GET", path: `/v1/workspace/categories/${part(name)}/check`, repeatable: true }, options);
  }
}

/** How the assistant of the workspace speaks. */
export class Voice extends Resource {
  /** Return the voice, with the defaults of what is not set. */
  retrieve(options: CallOptions = {}): Promise<types.SetVoice> {
    return this.transport.send({ method: "GET", path: "/v1/workspace/voice", repeatable: true }, options);
  }

  /** Replace the voice; what is left out has its default. Answers have it from the next one on. */
  put(body: types.Voice, options: CallOptions = {}): Promise<types.SetVoice> {
    return this.transport.send({ method: "PUT", path: "/v1/workspace/voice", body, repeatable: true }, options);
  }
}

/** The settings of the workspace. */
export class Settings extends Resource {
  /** Return each setting with its value, its default and where the value is from. */
  retrieve(options: CallOptions = {}): Promise<types.WorkspaceSettings> {
    return this.transport.send({ method: "GET", path: "/v1/settings", repeatable: true }, options);
  }

  /** Override settings, all of those sent or none; answers have them from the next message on. */
  update(body: types.SettingsChange, options: CallOptions = {}): Promise<types.WorkspaceSettings> {
    return this.transport.send({ method: "PATCH", path: "/v1/settings", body, repeatable: true }, options);
  }
}
