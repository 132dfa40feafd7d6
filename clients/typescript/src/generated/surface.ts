// The resources as properties of a client.
// Generated from docs/openapi.json by clients/generate.py: do not edit.

import { Messages } from "../messages.js";
import { Documents } from "../documents.js";
import type { Transport } from "../transport.js";
import * as resources from "./resources.js";

export class Surface {
  readonly tickets: resources.Tickets;
  readonly conversations: resources.Conversations;
  readonly messages: Messages;
  readonly attachments: resources.Attachments;
  readonly documents: Documents;
  readonly imports: resources.Imports;
  readonly sources: resources.Sources;
  readonly snapshots: resources.Snapshots;
  readonly suggestions: resources.Suggestions;
  readonly search: resources.Search;
  readonly answers: resources.Answers;
  readonly endpoints: resources.Endpoints;
  readonly deliveries: resources.Deliveries;
  readonly events: resources.Events;
  readonly helpdesks: resources.Helpdesks;
  readonly mailboxes: resources.Mailboxes;
  readonly escalations: resources.Escalations;
  readonly toolCalls: resources.ToolCalls;
  readonly memories: resources.Memories;
  readonly customers: resources.Customers;
  readonly usage: resources.Usage;
  readonly quality: resources.Quality;
  readonly reports: resources.Reports;
  readonly audit: resources.Audit;
  readonly accounts: resources.Accounts;
  readonly status: resources.Status;
  readonly categories: resources.Categories;
  readonly voice: resources.Voice;
  readonly settings: resources.Settings;

  constructor(transport: Transport) {
    this.tickets = new resources.Tickets(transport);
    this.conversations = new resources.Conversations(transport);
    this.messages = new Messages(transport);
    this.attachments = new resources.Attachments(transport);
    this.documents = new Documents(transport);
    this.imports = new resources.Imports(transport);
    this.sources = new resources.Sources(transport);
    this.snapshots = new resources.Snapshots(transport);
    this.suggestions = new resources.Suggestions(transport);
    this.search = new resources.Search(transport);
    this.answers = new resources.Answers(transport);
    this.endpoints = new resources.Endpoints(transport);
    this.deliveries = new resources.Deliveries(transport);
    this.events = new resources.Events(transport);
    this.helpdesks = new resources.Helpdesks(transport);
    this.mailboxes = new resources.Mailboxes(transport);
    this.escalations = new resources.Escalations(transport);
    this.toolCalls = new resources.ToolCalls(transport);
    this.memories = new resources.Memories(transport);
    this.customers = new resources.Customers(transport);
    this.usage = new resources.Usage(transport);
    this.quality = new resources.Quality(transport);
    this.reports = new resources.Reports(transport);
    this.audit = new resources.Audit(transport);
    this.accounts = new resources.Accounts(transport);
    this.status = new resources.Status(transport);
    this.categories = new resources.Categories(transport);
    this.voice = new resources.Voice(transport);
    this.settings = new resources.Settings(transport);
  }
}
