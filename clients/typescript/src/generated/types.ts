// The objects of the API: requests, responses, queries and events.
// Generated from docs/openapi.json by clients/generate.py: do not edit.

export interface FieldProblem {
  /** path of the field, separated by dots */
  field: string;
  message: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  /** stable identifier of the error */
  code: string;
  request_id: string;
  /** what the code means and what to do; absent where the server has no docs */
  doc_url?: string;
  errors?: FieldProblem[];
}

export interface Requester {
  id?: string;
  name?: string;
  email?: string;
}

export interface NewTicket {
  /** may be empty when there is a subject */
  body: string;
  /** receives a signed callback when the message has ended */
  callback_url?: string;
  /** the message is handed off if it is not answered by then */
  deadline_s?: number;
  /** ids of uploaded attachments */
  attachments?: string[];
  /** headers of the e-mail that this is, by name; they tell automatic mail (RFC 3834) */
  email_headers?: Record<string, string>;
  subject?: string;
  requester?: Requester;
  /** the ticket continues the conversation with this id, if there is one */
  external_id?: string;
  channel?: string;
  metadata?: Record<string, unknown>;
}

export interface Citation {
  number: number;
  document_id: string;
  title: string;
  url: string | null;
  quote: string;
  start: number;
  end: number;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: number;
}

export interface Reply {
  id: string;
  /** the questions of the message that found no answer; its content names them too */
  unanswered: string[];
  /** a clarification is a question back, which resolves nothing */
  kind: "answer" | "clarification" | "courtesy";
  /** the checked text */
  content: string;
  /** options of a clarification, to be shown as buttons; sent as a message, one answers */
  options: string[];
  /** the reply as its channel shows it: greeting, content, sources, signature */
  text: string;
  greeting: string | null;
  signature: string | null;
  /** how the channel shows the citations */
  citation_style: "numbers" | "links" | "none";
  citations: Citation[];
  /** support of the weakest sentence, from 0 to 1 */
  support: number;
  /** probability that it answers what was asked; null where no model judged that */
  confidence: number | null;
  answerer: string;
  model: string | null;
  snapshot: string | null;
  usage: Usage;
}

export interface Handoff {
  reason: "asked_for_person" | "no_answer" | "low_support" | "avoided_topic" | "language" | "rule" | "deadline" | "error" | "owned_by_person";
  summary: string;
  escalation_id: string | null;
  /** topic: the category of the rule that matched, or else the reason */
  category?: string;
  priority?: "normal" | "high" | "urgent";
  /** excerpts of the message that led to the handoff */
  reasons?: string[];
}

export interface MessageError {
  code: string;
  message: string;
}

export interface Feedback {
  rating: string;
  comment?: string | null;
}

export interface Message {
  id: string;
  conversation_id: string;
  seq: number;
  role: "customer" | "assistant" | "agent";
  author: string | null;
  content: string;
  attachments: string[];
  state: "queued" | "running" | "answered" | "handed_off" | "cancelled" | "failed";
  reply: Reply | null;
  /** citations of an assistant's message */
  citations: Citation[];
  handoff: Handoff | null;
  error: MessageError | null;
  feedback: Feedback | null;
  attempts: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  deadline_at: string | null;
  timings: Record<string, number> | null;
  links?: Record<string, string>;
}

export interface BulkTicket {
  /** may be empty when there is a subject */
  body: string;
  /** receives a signed callback when the message has ended */
  callback_url?: string;
  /** the message is handed off if it is not answered by then */
  deadline_s?: number;
  /** ids of uploaded attachments */
  attachments?: string[];
  /** headers of the e-mail that this is, by name; they tell automatic mail (RFC 3834) */
  email_headers?: Record<string, string>;
  subject?: string;
  requester?: Requester;
  /** the ticket continues the conversation with this id, if there is one */
  external_id?: string;
  channel?: string;
  metadata?: Record<string, unknown>;
  /** by default that of the request with the number of the line, if it has one */
  idempotency_key?: string;
}

export interface BulkResult {
  /** number of the line, from 1 */
  line: number;
  /** as `POST /v1/tickets` responds */
  status: number;
  /** if accepted */
  message: Message | null;
  /** the problem, if refused */
  error: Record<string, unknown> | null;
}

export interface BulkResults {
  accepted: number;
  refused: number;
  items: BulkResult[];
}

export interface NewConversation {
  subject?: string;
  requester?: Requester;
  external_id?: string;
  channel?: string;
  metadata?: Record<string, unknown>;
}

export interface ConversationHandoff {
  reason: "asked_for_person" | "no_answer" | "low_support" | "avoided_topic" | "language" | "rule" | "deadline" | "error" | "owned_by_person";
  summary: string;
  escalation_id: string | null;
  at: string;
  /** topic: the category of the rule that matched, or else the reason */
  category?: string;
  priority?: "normal" | "high" | "urgent";
  /** excerpts of the message that led to the handoff */
  reasons?: string[];
}

export interface ServiceLevel {
  target: "first_response" | "resolution";
  warn_at: string;
  due_at: string;
}

export interface Conversation {
  id: string;
  external_id: string | null;
  subject: string | null;
  requester: Record<string, unknown> | null;
  channel: string | null;
  metadata: Record<string, unknown>;
  owner: "bot" | "human" | "closed";
  handoff: ConversationHandoff | null;
  /** the target that is due next; null while no time passes for one */
  sla: ServiceLevel | null;
  created_at: string;
  updated_at: string;
  links?: Record<string, string>;
}

export interface ConversationChange {
  subject?: string | null;
  requester?: Requester | null;
  channel?: string | null;
  metadata?: Record<string, unknown>;
}

export interface NewMessage {
  content: string;
  /** receives a signed callback when the message has ended */
  callback_url?: string;
  /** the message is handed off if it is not answered by then */
  deadline_s?: number;
  /** ids of uploaded attachments */
  attachments?: string[];
  /** headers of the e-mail that this is, by name; they tell automatic mail (RFC 3834) */
  email_headers?: Record<string, string>;
}

export interface NewToken {
  expires_in_s?: number;
  /** such as `https://shop.example`: only pages of this origin can use the token */
  origin?: string;
}

export interface Token {
  token: string;
  expires_at: string;
}

export interface NewHandoff {
  summary?: string;
}

export interface NewReply {
  content: string;
  author: string;
}

export interface NewFeedback {
  rating: "good" | "bad";
  comment?: string;
}

export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  size: number;
  conversation_id: string | null;
  /** null until a worker has read the file */
  text: string | null;
  /** reason why the file cannot be read */
  error: string | null;
  created_at: string;
  links?: Record<string, string>;
}

export interface NewDocument {
  title: string;
  /** Markdown */
  text: string;
  /** collection of the document, such as `help-centre` */
  source?: string;
  /** such as `en`; detected from the text if omitted */
  language?: string;
  tags?: string[];
  /** `internal` documents are never cited to customers; default: `public` */
  audience?: "public" | "internal";
  url?: string;
}

export interface Reading {
  /** parts of the file that are not read, such as `hidden_sheets`, `comments`, `images` */
  left_out: Record<string, number>;
  /** characters that were dropped or changed, such as `control_characters` */
  cleaned: Record<string, number>;
  /** the charset of a text that names none, told by its bytes; null where it is certain */
  charset: string | null;
}

export interface Document {
  id: string;
  title: string;
  url: string | null;
  media_type: string;
  source: string | null;
  language: string | null;
  tags: string[];
  audience: "public" | "internal";
  state: "queued" | "indexing" | "ready" | "failed";
  error: string | null;
  /** null until it is read */
  reading: Reading | null;
  passages: number;
  created_at: string;
  updated_at: string;
  /** included for a single document only */
  text?: string | null;
  links?: Record<string, string>;
}

export interface DocumentDeletion {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  state?: "queued" | "indexing" | "ready" | "failed";
  source?: string;
  language?: string;
  tag?: string;
  audience?: "public" | "internal";
  /** count them, and delete none */
  dry_run?: boolean;
}

export interface DeletedDocuments {
  matched: number;
  /** 0 with `dry_run` */
  deleted: number;
}

export interface NewImport {
  /** collection of the document, such as `help-centre` */
  source?: string;
  /** such as `en`; detected from the text if omitted */
  language?: string;
  tags?: string[];
  /** `internal` documents are never cited to customers; default: `public` */
  audience?: "public" | "internal";
  urls?: string[];
  sitemap?: string;
}

export interface ImportFailure {
  name: string;
  reason: string;
}

export interface Import {
  id: string;
  kind: "archive" | "urls" | "sitemap";
  name: string;
  state: "queued" | "running" | "done" | "failed";
  error: string | null;
  added: number;
  unchanged: number;
  failures: number;
  /** the first 1,000 failures */
  failed: ImportFailure[];
  created_at: string;
  finished_at: string | null;
  links?: Record<string, string>;
}

export interface NewSource {
  kind: "sitemap" | "feed" | "page" | "folder" | "git" | "zendesk" | "intercom" | "confluence" | "notion" | "freshdesk" | "chatwoot" | "s3";
  /** URL of the sitemap, feed, page, repository, help centre, wiki or bucket, or a folder on the workers' machines */
  location: string;
  /** `source` of its documents; the host or folder if omitted */
  name?: string;
  /** seconds between two looks; default: a day */
  interval_s?: number;
  /** patterns such as `* /help/*`; only URLs or paths that match one count */
  include?: string[];
  /** patterns of what does not count */
  exclude?: string[];
  /** of a git repository; its default branch if omitted */
  branch?: string;
  /** of the user of Zendesk or Confluence Cloud that the token belongs to */
  email?: string;
  /** of an S3 bucket, whose secret key is the `token` */
  access_key?: string;
  /** of a repository, help centre, wiki or bucket; never returned */
  token?: string;
  /** of its documents; detected if omitted */
  language?: string;
  tags?: string[];
  /** `internal` documents are never cited to customers; default: `public` */
  audience?: "public" | "internal";
}

export interface SourceRun {
  id: string;
  source_id: string;
  /** `held`: too many documents would be gone, so none was removed */
  state: "running" | "done" | "failed" | "held";
  error: string | null;
  /** items to see to; null until they are listed */
  total: number | null;
  /** items seen to so far */
  seen: number;
  added: number;
  changed: number;
  unchanged: number;
  /** documents that were removed */
  gone: number;
  /** items that failed; their documents stay */
  failures: number;
  /** the first 1,000 failures */
  failed: ImportFailure[];
  started_at: string;
  finished_at: string | null;
}

export interface Source {
  id: string;
  name: string;
  kind: "sitemap" | "feed" | "page" | "folder" | "git" | "zendesk" | "intercom" | "confluence" | "notion" | "freshdesk" | "chatwoot" | "s3";
  location: string;
  include: string[];
  exclude: string[];
  branch: string | null;
  email: string | null;
  access_key: string | null;
  has_token: boolean;
  language: string | null;
  tags: string[];
  audience: "public" | "internal";
  interval_s: number;
  state: "idle" | "queued" | "running" | "paused";
  /** of the last look */
  error: string | null;
  /** consecutive looks that failed */
  failures: number;
  documents: number;
  last_run: SourceRun | null;
  looked_at: string | null;
  next_look_at: string | null;
  created_at: string;
  updated_at: string;
  links?: Record<string, string>;
}

export interface SourceChange {
  /** `source` of its documents; the host or folder if omitted */
  name?: string;
  /** seconds between two looks; default: a day */
  interval_s?: number;
  /** patterns such as `* /help/*`; only URLs or paths that match one count */
  include?: string[];
  /** patterns of what does not count */
  exclude?: string[];
  /** of a git repository; its default branch if omitted */
  branch?: string;
  /** of the user of Zendesk or Confluence Cloud that the token belongs to */
  email?: string;
  /** of an S3 bucket, whose secret key is the `token` */
  access_key?: string;
  /** of a repository, help centre, wiki or bucket; never returned */
  token?: string;
  /** of its documents; detected if omitted */
  language?: string;
  tags?: string[];
  /** `internal` documents are never cited to customers; default: `public` */
  audience?: "public" | "internal";
}

export interface NewLook {
  /** remove the documents that are gone, however many they are */
  accept_loss?: boolean;
}

export interface Snapshot {
  version: string;
  active: boolean;
  documents: number;
  passages: number;
  model: string;
  created_at: string;
}

export interface Exchange {
  conversation_id: string;
  message_id: string;
  question: string;
  reply: string;
  asked_at: string;
}

export interface Suggestion {
  id: string;
  state: "open" | "accepted" | "refused";
  /** what was asked first */
  question: string;
  title: string;
  /** Markdown */
  text: string;
  /** `human`: the text is the reply as it was */
  written_by: "model" | "human";
  /** how often the same was asked and replied to */
  count: number;
  /** what it was published as */
  document_id: string | null;
  note: string | null;
  created_at: string;
  updated_at: string;
  decided_at: string | null;
  /** the newest 20; included for a single suggestion only */
  exchanges?: Exchange[];
  links?: Record<string, string>;
}

export interface SuggestionEdit {
  title?: string;
  /** Markdown */
  text?: string;
}

export interface Acceptance {
  /** collection of the document, such as `help-centre` */
  source?: string;
  /** such as `en`; detected from the text if omitted */
  language?: string;
  tags?: string[];
  /** `internal` documents are never cited to customers; default: `public` */
  audience?: "public" | "internal";
  title?: string;
  /** Markdown */
  text?: string;
  url?: string;
}

export interface Refusal {
  note?: string;
}

export interface SearchFilters {
  document_ids?: string[];
  sources?: string[];
  languages?: string[];
  tags?: string[];
  audience?: "public" | "internal";
}

export interface NewSearch {
  query: string;
  limit?: number;
  filters?: SearchFilters;
}

export interface Scores {
  dense: number | null;
  lexical: number | null;
}

export interface FoundPassage {
  document_id: string;
  title: string;
  headings: string[];
  url: string | null;
  text: string;
  source: string | null;
  language: string | null;
  tags: string[];
  audience: "public" | "internal";
  start: number;
  end: number;
  score: number;
  scores: Scores;
}

export interface SearchResult {
  /** null if no snapshot is published */
  snapshot: string | null;
  items: FoundPassage[];
}

export interface SaidBefore {
  role: "customer" | "assistant";
  content: string;
}

export interface NewQuestion {
  question: string;
  /** what was said before, the oldest first; follow-up questions are understood by it */
  turns?: SaidBefore[];
  /** how long to wait for the answer, in seconds */
  wait_s?: number;
}

export interface DirectReply {
  /** the questions of the message that found no answer; its content names them too */
  unanswered: string[];
  /** a clarification is a question back, which resolves nothing */
  kind: "answer" | "clarification" | "courtesy";
  /** the checked text */
  content: string;
  /** options of a clarification, to be shown as buttons; sent as a message, one answers */
  options: string[];
  /** the reply as its channel shows it: greeting, content, sources, signature */
  text: string;
  citations: Citation[];
  /** support of the weakest sentence, from 0 to 1 */
  support: number;
  /** probability that it answers what was asked; null where no model judged that */
  confidence: number | null;
  answerer: string;
  model: string | null;
  snapshot: string | null;
}

export interface DirectHandoff {
  reason: "asked_for_person" | "no_answer" | "low_support" | "avoided_topic" | "language" | "rule" | "deadline" | "error" | "owned_by_person";
  summary: string;
  /** topic: the category of the rule that matched, or else the reason */
  category?: string;
  priority?: "normal" | "high" | "urgent";
  /** excerpts of the message that led to the handoff */
  reasons?: string[];
}

export interface DirectAnswer {
  state: "answered" | "handed_off";
  answer: DirectReply | null;
  handoff: DirectHandoff | null;
  /** the search: `query`, `relevance`, and `items` with their scores */
  retrieved: Record<string, unknown> | null;
  usage: Usage;
  /** milliseconds by step */
  timings: Record<string, number>;
}

export interface StreamOptions {
  include_usage?: boolean;
}

export interface NewChatCompletion {
  messages: Record<string, unknown>[];
  /** ignored: there is one */
  model?: string;
  stream?: boolean | null;
  stream_options?: StreamOptions | null;
  n?: number | null;
}

export interface NewResponse {
  /** a text, or a list of messages */
  input: unknown;
  /** ignored: there is one */
  model?: string;
  stream?: boolean | null;
}

export interface NewEndpoint {
  url: string;
  description?: string | null;
  /** event types to send; all if omitted */
  events?: ("message.answered" | "message.handed_off" | "message.cancelled" | "message.failed" | "message.replied" | "conversation.handed_off" | "conversation.resumed" | "conversation.closed" | "conversation.sla_warning" | "conversation.sla_breached" | "document.ready" | "document.failed" | "snapshot.published" | "endpoint.disabled")[] | null;
  /** headers to send with each callback */
  headers?: Record<string, string> | null;
  /** such as 10/second */
  rate_limit?: string | null;
  /** whsec_… or whsk_…; generated if omitted */
  secret?: string;
  /** signature scheme of a generated secret */
  signature?: "hmac" | "ed25519";
}

export interface Endpoint {
  id: string;
  url: string;
  description: string | null;
  events: string[] | null;
  /** names of the headers; values are masked */
  headers: Record<string, unknown>;
  rate_limit: string | null;
  signature: string;
  /** whpk_…, with ed25519 */
  public_key: string | null;
  old_secret_until: string | null;
  state: string;
  /** reason why it is disabled */
  reason: string | null;
  /** consecutive failures */
  failures: number;
  failing_since: string | null;
  circuit_open_until: string | null;
  created_at: string;
  updated_at: string;
  /** whsec_…, returned only when it is created or rotated; with ed25519 never */
  secret?: string;
}

export interface EndpointChange {
  description?: string | null;
  /** event types to send; all if omitted */
  events?: ("message.answered" | "message.handed_off" | "message.cancelled" | "message.failed" | "message.replied" | "conversation.handed_off" | "conversation.resumed" | "conversation.closed" | "conversation.sla_warning" | "conversation.sla_breached" | "document.ready" | "document.failed" | "snapshot.published" | "endpoint.disabled")[] | null;
  /** headers to send with each callback */
  headers?: Record<string, string> | null;
  /** such as 10/second */
  rate_limit?: string | null;
  url?: string;
  state?: "enabled" | "disabled";
}

export interface Rotation {
  /** generated if omitted */
  secret?: string;
}

export interface EndpointTest {
  type?: "message.answered" | "message.handed_off" | "message.cancelled" | "message.failed" | "message.replied" | "conversation.handed_off" | "conversation.resumed" | "conversation.closed" | "conversation.sla_warning" | "conversation.sla_breached" | "document.ready" | "document.failed" | "snapshot.published" | "endpoint.disabled";
}

export interface Attempt {
  number: number;
  started_at: string;
  duration_ms: number;
  status: number | null;
  address: string | null;
  error: string | null;
  response: string | null;
}

export interface WholeDelivery {
  /** sent as webhook-id with every attempt */
  id: string;
  /** callback and endpoint are webhooks */
  kind: string;
  endpoint_id: string | null;
  /** of the event that it reports */
  type: string;
  url: string;
  conversation_id: string | null;
  message_id: string | null;
  state: string;
  attempts: number;
  next_attempt_at: string | null;
  created_at: string;
  finished_at: string | null;
  last_attempt: Attempt | null;
  /** the signed request body of a webhook; JSON for the other kinds */
  payload: string;
  all_attempts: Attempt[];
}

export interface Recovery {
  /** since the endpoint was created if omitted */
  since?: string;
}

export interface Replayed {
  replayed: number;
}

export interface Delivery {
  /** sent as webhook-id with every attempt */
  id: string;
  /** callback and endpoint are webhooks */
  kind: string;
  endpoint_id: string | null;
  /** of the event that it reports */
  type: string;
  url: string;
  conversation_id: string | null;
  message_id: string | null;
  state: string;
  attempts: number;
  next_attempt_at: string | null;
  created_at: string;
  finished_at: string | null;
  last_attempt: Attempt | null;
}

export interface Replay {
  since: string;
  state?: "exhausted" | "delivered";
  kind?: "callback" | "endpoint" | "ticket_reply" | "ticket_note" | "handoff_note" | "agent_reply" | "ticket_change" | "ticket_read" | "ticket_events" | "notification" | "notification_update";
  endpoint?: string;
  type?: "message.answered" | "message.handed_off" | "message.cancelled" | "message.failed" | "message.replied" | "conversation.handed_off" | "conversation.resumed" | "conversation.closed" | "conversation.sla_warning" | "conversation.sla_breached" | "document.ready" | "document.failed" | "snapshot.published" | "endpoint.disabled" | "ticket.changed";
  until?: string;
}

export interface FeedEvent {
  id: string;
  type: string;
  created_at: string;
  conversation_id: string | null;
  message_id: string | null;
  /** a message and a conversation are as they are now; `test` marks a test event */
  data: Record<string, unknown>;
  /** the feed goes on after this event from here */
  cursor: string;
  links?: Record<string, string>;
}

export interface EventPage {
  items: FeedEvent[];
  /** the next page starts here, now or later */
  next_cursor: string;
  /** whether the next page has events already */
  has_more: boolean;
}

export interface NewTestEvent {
  type: "message.answered" | "message.handed_off" | "message.cancelled" | "message.failed" | "message.replied" | "conversation.handed_off" | "conversation.resumed" | "conversation.closed" | "conversation.sla_warning" | "conversation.sla_breached" | "document.ready" | "document.failed" | "snapshot.published" | "endpoint.disabled";
}

export interface TicketHandoff {
  status?: "open" | "pending" | "closed";
  tags?: string[];
  /** id of an agent */
  assignee?: string;
  /** id of a group or team; in Zammad its name */
  group?: string;
}

export interface TicketChange {
  status?: "open" | "pending" | "closed";
  tags?: string[];
}

export interface NewHelpdesk {
  name: string;
  kind: "chatwoot" | "django_helpdesk" | "email" | "freshdesk" | "intercom" | "rt" | "slack" | "zammad" | "zendesk";
  url: string;
  /** options of this kind of helpdesk, see docs/helpdesks.md */
  options?: Record<string, unknown>;
  /** languages in which the bot answers; all if omitted */
  languages?: string[] | null;
  /** hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted */
  hours?: Record<string, string> | null;
  /** changes to a ticket that is handed off */
  handoff?: TicketHandoff | null;
  /** changes to a ticket that is answered */
  answered?: TicketChange | null;
  /** tag that returns a ticket to the bot */
  resume_tag?: string | null;
  /** API token; every kind except email needs one */
  token?: string;
  /** secret that signs its webhooks; generated if omitted */
  webhook_secret?: string;
  /** reply: answer customers; draft: write internal notes for agents; shadow: write nothing */
  mode?: "reply" | "draft" | "shadow";
}

export interface Helpdesk {
  id: string;
  name: string;
  kind: string;
  url: string;
  options: Record<string, unknown>;
  mode: string;
  languages: string[] | null;
  hours: Record<string, unknown> | null;
  handoff: Record<string, unknown> | null;
  answered: Record<string, unknown> | null;
  resume_tag: string | null;
  state: string;
  heard_at: string | null;
  refused_at: string | null;
  created_at: string;
  updated_at: string;
  /** returned only when the helpdesk is connected */
  webhook_secret?: string;
  links?: Record<string, string>;
}

export interface HelpdeskChange {
  /** options of this kind of helpdesk, see docs/helpdesks.md */
  options?: Record<string, unknown>;
  /** languages in which the bot answers; all if omitted */
  languages?: string[] | null;
  /** hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted */
  hours?: Record<string, string> | null;
  /** changes to a ticket that is handed off */
  handoff?: TicketHandoff | null;
  /** changes to a ticket that is answered */
  answered?: TicketChange | null;
  /** tag that returns a ticket to the bot */
  resume_tag?: string | null;
  url?: string;
  token?: string;
  webhook_secret?: string;
  mode?: "reply" | "draft" | "shadow";
  state?: "enabled" | "disabled";
}

export interface Challenge {
  challenge: string;
}

export interface NewConsent {
  provider: "microsoft" | "google" | "other";
  /** id of the app that you registered there */
  client_id: string;
  /** it is exchanged; never returned */
  refresh_token: string;
  /** its secret, if any; never returned */
  client_secret?: string | null;
  /** tenant of Microsoft Entra; `organizations` if omitted */
  tenant?: string | null;
  /** token endpoint of another provider */
  token_url?: string | null;
  /** scope, if not the provider's for mail */
  scope?: string | null;
}

export interface NewMailbox {
  name: string;
  address: string;
  /** name that its mail is from */
  sender_name?: string | null;
  /** `imaps://user:password@host`, or `imap://…` for STARTTLS; with user and password, which are never returned */
  imap_url?: string | null;
  /** `smtps://user:password@host`, or `smtp://…:587`; with user and password, which are never returned; the operator's if omitted */
  smtp_url?: string | null;
  /** consent to log in with where a URL has a user and no password */
  oauth?: NewConsent | null;
  /** name under which your own server writes `Authentication-Results` */
  authserv_id?: string | null;
  /** HTTP webhook signing key of Mailgun, if it posts the mail; never returned */
  mailgun_key?: string | null;
  /** ARN of the SNS topic to which Amazon SES publishes the mail */
  ses_topic?: string | null;
  /** password in the URL that Postmark or SendGrid posts to; never returned */
  inbound_password?: string | null;
  /** public key with which SendGrid's signatures are verified, in place of the password */
  sendgrid_key?: string | null;
  /** addresses and `@domains` of colleagues */
  team?: string[];
  /** addresses that get notes about handoffs; the mailbox itself if empty */
  notify?: string[];
  /** names of the folders `inbox`, `sent` and `drafts`; found by their use if omitted */
  folders?: Record<string, string>;
  /** whether `address+anything@` reaches it: answers then come to a signed address */
  plus_addressing?: boolean;
  /** whether its server keeps a copy of what it sends by itself, as Gmail does */
  saves_sent?: boolean;
  /** languages in which the bot answers; all if omitted */
  languages?: string[] | null;
  /** hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted */
  hours?: Record<string, string> | null;
  /** reply: answer by mail; draft: put answers into the drafts; shadow: write nothing */
  mode?: "reply" | "draft" | "shadow";
}

export interface Consent {
  provider: string;
  client_id: string;
  /** connected, or consent_needed: a person has to consent anew */
  state: string;
  error: string | null;
  renewed_at: string | null;
  expires_at: string | null;
}

export interface Mailbox {
  id: string;
  name: string;
  address: string;
  sender_name: string | null;
  imap_url: string | null;
  smtp_url: string | null;
  oauth: Consent | null;
  authserv_id: string | null;
  ses_topic: string | null;
  sendgrid_key: string | null;
  team: string[];
  notify: string[];
  folders: Record<string, unknown>;
  plus_addressing: boolean;
  saves_sent: boolean;
  mode: string;
  languages: string[] | null;
  hours: Record<string, unknown> | null;
  state: string;
  /** number of its mail by state */
  mail: Record<string, number>;
  checked_at: string | null;
  /** why it could not be read by IMAP */
  error: string | null;
  created_at: string;
  updated_at: string;
  links?: Record<string, string>;
}

export interface MailboxChange {
  /** name that its mail is from */
  sender_name?: string | null;
  /** `imaps://user:password@host`, or `imap://…` for STARTTLS; with user and password, which are never returned */
  imap_url?: string | null;
  /** `smtps://user:password@host`, or `smtp://…:587`; with user and password, which are never returned; the operator's if omitted */
  smtp_url?: string | null;
  /** consent to log in with where a URL has a user and no password */
  oauth?: NewConsent | null;
  /** name under which your own server writes `Authentication-Results` */
  authserv_id?: string | null;
  /** HTTP webhook signing key of Mailgun, if it posts the mail; never returned */
  mailgun_key?: string | null;
  /** ARN of the SNS topic to which Amazon SES publishes the mail */
  ses_topic?: string | null;
  /** password in the URL that Postmark or SendGrid posts to; never returned */
  inbound_password?: string | null;
  /** public key with which SendGrid's signatures are verified, in place of the password */
  sendgrid_key?: string | null;
  /** addresses and `@domains` of colleagues */
  team?: string[];
  /** addresses that get notes about handoffs; the mailbox itself if empty */
  notify?: string[];
  /** names of the folders `inbox`, `sent` and `drafts`; found by their use if omitted */
  folders?: Record<string, string>;
  /** whether `address+anything@` reaches it: answers then come to a signed address */
  plus_addressing?: boolean;
  /** whether its server keeps a copy of what it sends by itself, as Gmail does */
  saves_sent?: boolean;
  /** languages in which the bot answers; all if omitted */
  languages?: string[] | null;
  /** hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted */
  hours?: Record<string, string> | null;
  mode?: "reply" | "draft" | "shadow";
  state?: "enabled" | "disabled";
}

export interface ReceivedMail {
  id: string;
  state: string;
}

export interface Suppression {
  address: string;
  reason: string;
}

export interface Escalation {
  id: string;
  conversation_id: string;
  message_id: string | null;
  state: "open" | "assigned" | "closed";
  reason: string;
  category: string;
  priority: string;
  summary: string;
  reasons: string[];
  assignee: string | null;
  note: string | null;
  created_at: string;
  assigned_at: string | null;
  closed_at: string | null;
  links?: Record<string, string>;
}

export interface Assignment {
  assignee: string;
}

export interface Closing {
  note?: string;
  /** close the conversation, or return it to the bot */
  then?: "close" | "resume";
}

export interface ToolCall {
  id: string;
  conversation_id: string;
  message_id: string;
  tool: string;
  arguments: Record<string, unknown>;
  state: "waiting" | "running" | "done" | "failed" | "refused" | "lapsed";
  /** id of the message in which the customer confirmed the call */
  confirmed_by: string | null;
  /** result as text, which citations quote */
  text: string | null;
  error: string | null;
  duration_ms: number | null;
  created_at: string;
  finished_at: string | null;
}

export interface Memory {
  id: string;
  /** `id:…` or `email:…` */
  customer: string;
  name: string;
  value: string;
  source: "assistant" | "api";
  /** from 0 to 1 */
  importance: number;
  conversation_id: string | null;
  created_at: string;
  updated_at: string;
  expires_at: string;
}

export interface Customer {
  id?: string;
  email?: string;
}

export interface NewMemory {
  customer: Customer;
  name: string;
  value: string;
  /** from 0 to 1 */
  importance?: number;
  days?: number;
}

export interface Erased {
  conversations: number;
  memories: number;
}

export interface Account {
  by: "message" | "conversation" | "key" | "day" | "judge";
  subject: string | null;
  /** UTC; for days and keys */
  day: string | null;
  calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: number;
  updated_at: string;
}

export interface Targets {
  reached: number;
  missed: number;
}

export interface ServiceLevels {
  first_response: Targets;
  resolution: Targets;
}

export interface Day {
  day: string;
  answered: number;
  /** messages that got a question back, which are not counted as answered */
  clarified: number;
  /** of the answered ones, those with a question that found no answer */
  partly_answered: number;
  handed_off: Record<string, number>;
  failed: number;
  cancelled: number;
  /** answers rated good */
  confirmed: number;
  /** answers rated bad */
  rejected: number;
  /** answers after which the next message of the customer was handed off */
  reopened: number;
  /** targets whose time began on this day */
  sla: ServiceLevels;
  cost_usd: number;
  tokens: number;
  /** p50, p95, p99 */
  latency_ms: Record<string, unknown> | null;
}

export interface SupportPoint {
  /** share of all messages with such an answer */
  coverage: number;
  /** share of answers rated bad among the rated ones */
  risk: number | null;
  rated: number;
  support: number;
}

export interface ConfidencePoint {
  /** share of all messages with such an answer */
  coverage: number;
  /** share of answers rated bad among the rated ones */
  risk: number | null;
  rated: number;
  confidence: number;
}

export interface Quality {
  days: Day[];
  curve: SupportPoint[];
  confidence_curve: ConfidencePoint[];
}

export interface Days {
  since: string;
  until: string;
}

export interface Percentiles {
  p50: number;
  p90: number;
}

export interface Figures {
  conversations: number;
  resolved_by_bot: number;
  partly_answered: number;
  resolved_by_human: number;
  open: number;
  unresolved: number;
  handed_off: number;
  reopened: number;
  /** conversations whose last rating is good */
  good: number;
  bad: number;
  cost_usd: number;
  /** share resolved by the bot */
  resolution_rate: number | null;
  /** share of good ratings */
  satisfaction: number | null;
  /** cost of all, for each that the bot resolved */
  cost_per_resolution_usd: number | null;
  /** from the customer's first message to the first reply */
  first_response_ms: Percentiles | null;
  /** from the customer's first message to the last reply, of those that are resolved */
  resolution_ms: Percentiles | null;
}

export interface ReportDay {
  conversations: number;
  resolved_by_bot: number;
  partly_answered: number;
  resolved_by_human: number;
  open: number;
  unresolved: number;
  handed_off: number;
  reopened: number;
  /** conversations whose last rating is good */
  good: number;
  bad: number;
  cost_usd: number;
  /** share resolved by the bot */
  resolution_rate: number | null;
  /** share of good ratings */
  satisfaction: number | null;
  /** cost of all, for each that the bot resolved */
  cost_per_resolution_usd: number | null;
  /** from the customer's first message to the first reply */
  first_response_ms: Percentiles | null;
  /** from the customer's first message to the last reply, of those that are resolved */
  resolution_ms: Percentiles | null;
  day: string;
}

export interface HandoffCount {
  reason: string;
  count: number;
  before: number;
}

export interface ReportLine {
  conversations: number;
  resolved_by_bot: number;
  partly_answered: number;
  resolved_by_human: number;
  open: number;
  unresolved: number;
  handed_off: number;
  reopened: number;
  /** conversations whose last rating is good */
  good: number;
  bad: number;
  cost_usd: number;
  /** share resolved by the bot */
  resolution_rate: number | null;
  /** share of good ratings */
  satisfaction: number | null;
  /** cost of all, for each that the bot resolved */
  cost_per_resolution_usd: number | null;
  /** from the customer's first message to the first reply */
  first_response_ms: Percentiles | null;
  /** from the customer's first message to the last reply, of those that are resolved */
  resolution_ms: Percentiles | null;
  name: string | null;
  /** conversations in the period before */
  before: number;
}

export interface Report {
  period: Days;
  period_before: Days;
  totals: Figures;
  totals_before: Figures;
  days: ReportDay[];
  handoffs: HandoffCount[];
  channels: ReportLine[];
  languages: ReportLine[];
}

export interface ReportTopic {
  /** the most typical question */
  name: string;
  conversations: number;
  resolved_by_bot: number;
  handed_off: number;
  /** of those handed off, the ones that found no answer */
  without_answer: number;
  conversation_id: string;
}

export interface ReportTopics {
  /** how many were looked at */
  conversations: number;
  items: ReportTopic[];
}

export interface ChangedValue {
  name: string;
  before: unknown;
  after: unknown;
}

export interface Action {
  id: string;
  /** name of the person, of the API key, or of the command line's user */
  actor: string;
  key_id: string | null;
  account_id: string | null;
  /** api, console, cli or, for what no one asked for, worker */
  via: string;
  /** such as endpoints.rotate */
  action: string;
  /** id of the object that the action changed */
  subject: string | null;
  request_id: string | null;
  /** the values that a change of settings changed; null for other actions */
  changes: ChangedValue[] | null;
  created_at: string;
}

export interface UserAccount {
  id: string;
  email: string;
  /** which customers see on their replies */
  name: string;
  /** each may do all that those after it may: owner, admin, editor, agent, viewer */
  role: "owner" | "admin" | "editor" | "agent" | "viewer";
  /** invited until they accept; a disabled person cannot log in to this workspace */
  state: "invited" | "active" | "disabled";
  /** whether logins ask for a code as well */
  second_factor: boolean;
  /** valid and expired keys that belong to them */
  api_keys: number;
  invited_by: string | null;
  last_login_at: string | null;
  created_at: string;
}

export interface NewAccount {
  email: string;
  /** each may do all that those after it may: owner, admin, editor, agent, viewer */
  role: "owner" | "admin" | "editor" | "agent" | "viewer";
  name?: string;
}

export interface InvitedUserAccount {
  id: string;
  email: string;
  /** which customers see on their replies */
  name: string;
  /** each may do all that those after it may: owner, admin, editor, agent, viewer */
  role: "owner" | "admin" | "editor" | "agent" | "viewer";
  /** invited until they accept; a disabled person cannot log in to this workspace */
  state: "invited" | "active" | "disabled";
  /** whether logins ask for a code as well */
  second_factor: boolean;
  /** valid and expired keys that belong to them */
  api_keys: number;
  invited_by: string | null;
  last_login_at: string | null;
  created_at: string;
  /** works once, within 7 days; only this response has it */
  invitation_url: string;
}

export interface AccountChange {
  /** each may do all that those after it may: owner, admin, editor, agent, viewer */
  role?: "owner" | "admin" | "editor" | "agent" | "viewer";
  /** disabled: their sessions in this workspace end at once */
  state?: "active" | "disabled";
  /** with `state` disabled, revoke their API keys as well */
  revoke_keys?: boolean;
}

export interface CacheStatistics {
  name: string;
  hits: number;
  misses: number;
  hit_rate: number;
  entries: number;
  limit: number;
  healthy: boolean;
}

export interface Worker {
  id: string;
  /** queues that it consumes */
  roles: string[];
  /** working, lexical_only, cut_off, stalled or stopping */
  state: string;
  leases: number;
  caches: CacheStatistics[];
  started_at: string;
  seen_ms_ago: number;
}

export interface Counts {
  /** messages that ended as automatic mail, without an answer */
  automatic_messages: number;
  /** conversations found by a sweeper: after a lost hint, for a retry, or with an expired lease */
  conversations_swept: number;
  /** conversations handed off because a deadline had passed */
  deadlines_passed: number;
  /** requests that repeated an idempotency key and got the first response */
  duplicates_refused: number;
  /** hints that were not published, or were dropped from a full queue */
  hints_lost: number;
  /** turns stopped because their lease was lost */
  leases_lost: number;
  /** turns that failed and are retried later */
  retries: number;
  /** workers that the watchdog ended because they were stalled */
  workers_stalled: number;
  /** outcomes discarded because another worker had claimed the conversation */
  writes_fenced: number;
}

export interface Status {
  open_messages: number;
  oldest_unanswered_s: number | null;
  leases_held: number;
  workers: Worker[];
  counters: Counts;
}

export interface SavedCategory {
  examples: string[];
  counter_examples: string[];
  name: string;
  updated_at: string;
  /** how soon a human should look at such a message */
  priority?: "normal" | "high" | "urgent";
}

export interface Categories {
  items: SavedCategory[];
  /** the categories that ship, most urgent first, with what they say to an agent */
  built_in: Record<string, string>;
}

export interface Category {
  /** messages of this category, as customers write them; the more different, the better */
  examples: string[];
  /** how soon a human should look at such a message */
  priority?: "normal" | "high" | "urgent";
  /** messages that look like it and are not */
  counter_examples?: string[];
}

export interface CategoryCheck {
  examples: number;
  recognised: number;
  /** examples that would not be recognised */
  missed: string[];
  /** counter-examples that would be */
  false_alarms: string[];
}

export interface SavedTopic {
  name: string;
  phrases: string[];
}

export interface Form {
  /** put before the answer; `{customer}` and `{assistant}` stand for their names */
  greeting?: string | null;
  /** replies that it begins */
  greets?: "first_reply" | "every_reply";
  /** put below the answer, with the same placeholders */
  signature?: string | null;
  /** numbers in the text and a list of sources, links at the end, or none */
  citations?: "numbers" | "links" | "none";
}

export interface SetVoice {
  avoided_topics: SavedTopic[];
  channels: Record<string, Form>;
  about: Record<string, string>;
  updated_at: string | null;
  /** name of the assistant */
  name?: string | null;
  /** such as `friendly and plain` */
  tone?: string | null;
  /** longest answer */
  max_sentences?: number;
  /** languages that it answers in; all if empty */
  languages?: string[];
  /** whether it may ask a question back; null: with a language model only */
  asks_back?: boolean | null;
  /** free text for the language model, which cannot lift the rules of the product */
  guidance?: string | null;
}

export interface Topic {
  name: string;
  /** words that show that a message is about it */
  phrases?: string[];
}

export interface Voice {
  /** name of the assistant */
  name?: string | null;
  /** such as `friendly and plain` */
  tone?: string | null;
  /** longest answer */
  max_sentences?: number;
  /** languages that it answers in; all if empty */
  languages?: string[];
  /** whether it may ask a question back; null: with a language model only */
  asks_back?: boolean | null;
  /** free text for the language model, which cannot lift the rules of the product */
  guidance?: string | null;
  /** questions about these are handed off */
  avoided_topics?: Topic[];
  /** form of replies by the conversation's channel: `widget`, `email`, a helpdesk's kind, `api` where none is given, and `default` for all others */
  channels?: Record<string, Form>;
  /** your own answers to what customers ask about the assistant: whether it is a `bot`, its `name`, its `abilities`; `privacy`, what is stored and who reads it, is answered only if it is given */
  about?: Record<string, string>;
}

export interface Setting {
  name: string;
  /** its name in the console */
  label: string;
  area: "model" | "checks" | "handoff" | "sla" | "access" | "costs";
  help: string;
  kind: "text" | "choice" | "number" | "integer" | "switch" | "list";
  /** of the kind `choice`; else empty */
  choices: string[];
  /** the form of its value, in words */
  expected: string;
  /** its value is never shown */
  is_secret: boolean;
  /** whether there is a value, also a secret one */
  is_set: boolean;
  /** a text, a number, a switch or a list of texts; null if there is none, and always of a secret */
  value: unknown;
  /** the value without an override, likewise */
  default: unknown;
  /** where the value is from: an override, the environment, or what is built in */
  source: "workspace" | "environment" | "default";
  /** `answer`: with each message; `callback`: with each delivery; `sweeper`: every while; `request`: with each request of the console */
  read_by: string;
  /** environment variable of the default */
  variable: string;
}

export interface WorkspaceSettings {
  /** counts changes */
  version: number;
  updated_at: string | null;
  items: Setting[];
}

export interface SettingsChange {
  /** `llm` or `extractive`; `llm` when a key or base URL is set; null: the default */
  answerer?: "llm" | "extractive" | null;
  /** any OpenAI-compatible endpoint; null: the default */
  openai_base_url?: string | null;
  /** key of the model endpoint; null: the default */
  openai_api_key?: string | null;
  /** models in order of preference, with commas; null: the default */
  models?: string[] | null;
  /** US dollars for a million tokens, `model=prompt/completion` with commas; others count as free; null: the default */
  prices?: string[] | null;
  /** longest one call of the model may take; null: the default */
  model_timeout_s?: number | null;
  /** offer tools to the model; off for models that cannot call any; null: the default */
  use_tools?: boolean | null;
  /** hide card and account numbers, secrets, addresses and phone numbers from the model; null: the default */
  redact_model?: boolean | null;
  /** `judge` lets a language model judge the sentences that the local check leaves in doubt, `local` does not; `judge` with the answerer `llm`; null: the default */
  verifier?: "local" | "judge" | null;
  /** the model that judges, at the same endpoint; the first of the models; null: the default */
  judge_model?: string | null;
  /** longest a judgement may take; then the local check decides; null: the default */
  judge_timeout_s?: number | null;
  /** probability that an extractive answer answers the question, below which a human answers, 0 to 1; null: the default */
  min_confidence?: number | null;
  /** `drop` leaves out greetings, thanks, apologies and closings that the language model writes, `keep` sends those with polite words alone; null: the default */
  pleasantries?: "keep" | "drop" | null;
  /** what `extractive` does with articles in another language than the message: `quote` says so before the quotes, `handoff` leaves the message to a human; null: the default */
  other_language?: "quote" | "handoff" | null;
  /** share of the questions that the knowledge base answers that pass the gate; a human answers the others; null: the default */
  gate_coverage?: number | null;
  /** highest probability that the knowledge base has nothing on a message which passes the gate; 0.5 with the answerer `extractive`, 1 with `llm`, which judges by itself; null: the default */
  gate_risk?: number | null;
  /** replies of the bot in one conversation in an hour without a human's doing, so that two bots do not talk to each other; then a human takes it; 0 for any number, also of messages that only repeat each other; null: the default */
  max_replies_per_hour?: number | null;
  /** hours after which a conversation that a human owns and in which nobody writes is the bot's again; 0 for never; null: the default */
  resume_after_h?: number | null;
  /** draft articles from what agents reply where the bot has no answer, for an editor to accept or refuse; null: the default */
  suggestions?: boolean | null;
  /** where agents see a conversation, `https://…/{id}`; notes to them end with it; null: the default */
  conversation_url?: string | null;
  /** time until a human's first reply to a conversation that was handed off, by priority: `urgent=30m,high=2h,normal=8h`; a priority without one has no target; null: the default */
  response_targets?: string[] | null;
  /** time until a conversation that was handed off is closed or the bot's again, by priority, without the time in which a human waits for the customer: `urgent=4h,normal=16h`; null: the default */
  resolution_targets?: string[] | null;
  /** hours in which the time of these targets passes: a time zone, days with their hours, and closed dates: `Europe/Berlin,mon-fri 09:00-17:30,sat 10:00-14:00,2026-12-25`; always if empty; null: the default */
  business_hours?: string[] | null;
  /** who must have two-factor authentication, and may do nothing in the console before they set it up: `none`; `admins`, which are owners and admins; or `everybody`. API keys and single sign-on are not affected; null: the default */
  second_factor?: "none" | "admins" | "everybody" | null;
  /** what models may cost for each `message`, `conversation`, `key` and `day`, in `usd` or `tokens`; then a human answers; null: the default */
  budgets?: string[] | null;
  /** what the judge alone may cost, as `ANSWERBACK_BUDGETS`, which count it as well; then the local check decides; null: the default */
  judge_budgets?: string[] | null;
}

export interface ConversationsListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  owner?: "bot" | "human" | "closed";
  channel?: string;
  external_id?: string;
  /** those with a target that is due before this time */
  due_before?: string;
  /** the desk's id of the customer, or their e-mail address */
  customer?: string;
}

export interface ConversationsListMessagesQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  state?: "queued" | "running" | "answered" | "handed_off" | "cancelled" | "failed";
  role?: "customer" | "assistant" | "agent";
}

export interface DocumentsListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  state?: "queued" | "indexing" | "ready" | "failed";
  source?: string;
  language?: string;
  tag?: string;
  audience?: "public" | "internal";
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
}

export interface DocumentsCreateFromFileForm {
  title?: string;
  url?: string;
  source?: string;
  language?: string;
  /** separated by commas */
  tags?: string;
  audience?: "public" | "internal";
}

export interface DocumentsReplaceFromFileForm {
  title?: string;
  url?: string;
  source?: string;
  language?: string;
  /** separated by commas */
  tags?: string;
  audience?: "public" | "internal";
}

export interface ImportsListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  state?: "queued" | "running" | "done" | "failed";
  kind?: "archive" | "urls" | "sitemap";
}

export interface ImportsCreateFromFileForm {
  source?: string;
  language?: string;
  /** separated by commas */
  tags?: string;
  audience?: "public" | "internal";
}

export interface SourcesListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  state?: "idle" | "queued" | "running" | "paused";
  kind?: "sitemap" | "feed" | "page" | "folder" | "git" | "zendesk" | "intercom" | "confluence" | "notion" | "freshdesk" | "chatwoot" | "s3";
}

export interface SourcesDeleteQuery {
  /** what becomes of its documents */
  documents?: "keep" | "delete";
}

export interface SourcesListRunsQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  state?: "running" | "done" | "failed" | "held";
}

export interface SuggestionsListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  state?: "open" | "accepted" | "refused";
}

export interface EndpointsListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  state?: "enabled" | "disabled";
}

export interface DeliveriesListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  state?: "pending" | "delivered" | "exhausted";
  kind?: "callback" | "endpoint" | "ticket_reply" | "ticket_note" | "handoff_note" | "agent_reply" | "ticket_change" | "ticket_read" | "ticket_events" | "notification" | "notification_update";
  endpoint?: string;
  type?: "message.answered" | "message.handed_off" | "message.cancelled" | "message.failed" | "message.replied" | "conversation.handed_off" | "conversation.resumed" | "conversation.closed" | "conversation.sla_warning" | "conversation.sla_breached" | "document.ready" | "document.failed" | "snapshot.published" | "endpoint.disabled" | "ticket.changed";
  conversation_id?: string;
  message_id?: string;
  /** result of one of its attempts */
  status?: "2xx" | "3xx" | "4xx" | "5xx" | "none";
}

export interface EventsListQuery {
  /** types, separated by commas */
  type?: ("message.queued" | "message.running" | "message.answered" | "message.handed_off" | "message.cancelled" | "message.failed" | "message.replied" | "conversation.handed_off" | "conversation.resumed" | "conversation.closed" | "conversation.sla_warning" | "conversation.sla_breached" | "document.ready" | "document.failed" | "snapshot.published" | "endpoint.disabled")[];
  conversation_id?: string;
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  /** `next_cursor` of the page before; `now` starts after the newest event */
  cursor?: string;
  limit?: number;
}

export interface HelpdesksListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  state?: "enabled" | "disabled";
  kind?: "chatwoot" | "django_helpdesk" | "email" | "freshdesk" | "intercom" | "rt" | "slack" | "zammad" | "zendesk";
}

export interface EscalationsListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  state?: "open" | "assigned" | "closed";
  assignee?: string;
  reason?: "asked_for_person" | "no_answer" | "low_support" | "avoided_topic" | "language" | "rule" | "deadline" | "error" | "owned_by_person";
  category?: string;
  priority?: "normal" | "high" | "urgent";
  conversation_id?: string;
}

export interface ToolCallsListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  state?: "waiting" | "running" | "done" | "failed" | "refused" | "lapsed";
  tool?: string;
}

export interface MemoriesListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  id?: string;
  email?: string;
  name?: string;
}

export interface UsageListQuery {
  limit?: number;
  by?: "message" | "conversation" | "key" | "day" | "judge";
  /** id of the message, conversation or API key */
  subject?: string;
}

export interface QualityRetrieveQuery {
  days?: number;
}

export interface ReportsRetrieveQuery {
  /** first day (UTC); without it, the period has 30 days */
  since?: string;
  /** last day (UTC), included; today without it */
  until?: string;
  /** only this channel; `none` where it is not known */
  channel?: string;
  /** only this language (ISO 639); `none` where it is not known */
  language?: string;
}

export interface ReportsTopicsQuery {
  /** first day (UTC); without it, the period has 30 days */
  since?: string;
  /** last day (UTC), included; today without it */
  until?: string;
  /** only this channel; `none` where it is not known */
  channel?: string;
  /** only this language (ISO 639); `none` where it is not known */
  language?: string;
}

export interface AuditListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  /** `-created_at`: newest first; `created_at`: oldest first */
  sort?: "-created_at" | "created_at";
  via?: "api" | "console" | "cli" | "worker";
  action?: string;
  subject?: string;
  key_id?: string;
  account_id?: string;
}

export interface AccountsListQuery {
  /** created then or later */
  created_after?: string;
  /** created before then */
  created_before?: string;
  limit?: number;
  role?: "owner" | "admin" | "editor" | "agent" | "viewer";
  state?: "invited" | "active" | "disabled";
  email?: string;
}

export interface MessageEventData {
  message: Message;
  conversation: Conversation;
  truncated?: boolean;
}

/** The webhook `message.answered`. */
export interface MessageAnsweredEvent {
  type: "message.answered";
  timestamp: string;
  data: MessageEventData;
}

/** The webhook `message.handed_off`. */
export interface MessageHandedOffEvent {
  type: "message.handed_off";
  timestamp: string;
  data: MessageEventData;
}

/** The webhook `message.cancelled`. */
export interface MessageCancelledEvent {
  type: "message.cancelled";
  timestamp: string;
  data: MessageEventData;
}

/** The webhook `message.failed`. */
export interface MessageFailedEvent {
  type: "message.failed";
  timestamp: string;
  data: MessageEventData;
}

/** The webhook `message.replied`. */
export interface MessageRepliedEvent {
  type: "message.replied";
  timestamp: string;
  data: MessageEventData;
}

export interface ConversationEventData {
  conversation: Conversation;
  truncated?: boolean;
  /** of the events `conversation.sla_…` alone: the `target`, the `priority`, and `due_at` */
  sla?: Record<string, unknown>;
}

/** The webhook `conversation.handed_off`. */
export interface ConversationHandedOffEvent {
  type: "conversation.handed_off";
  timestamp: string;
  data: ConversationEventData;
}

/** The webhook `conversation.resumed`. */
export interface ConversationResumedEvent {
  type: "conversation.resumed";
  timestamp: string;
  data: ConversationEventData;
}

/** The webhook `conversation.closed`. */
export interface ConversationClosedEvent {
  type: "conversation.closed";
  timestamp: string;
  data: ConversationEventData;
}

/** The webhook `conversation.sla_warning`. */
export interface ConversationSlaWarningEvent {
  type: "conversation.sla_warning";
  timestamp: string;
  data: ConversationEventData;
}

/** The webhook `conversation.sla_breached`. */
export interface ConversationSlaBreachedEvent {
  type: "conversation.sla_breached";
  timestamp: string;
  data: ConversationEventData;
}

export interface DocumentEventData {
  document: Record<string, unknown>;
  truncated?: boolean;
}

/** The webhook `document.ready`. */
export interface DocumentReadyEvent {
  type: "document.ready";
  timestamp: string;
  data: DocumentEventData;
}

/** The webhook `document.failed`. */
export interface DocumentFailedEvent {
  type: "document.failed";
  timestamp: string;
  data: DocumentEventData;
}

export interface SnapshotEventData {
  snapshot: Record<string, unknown>;
  truncated?: boolean;
}

/** The webhook `snapshot.published`. */
export interface SnapshotPublishedEvent {
  type: "snapshot.published";
  timestamp: string;
  data: SnapshotEventData;
}

export interface EndpointEventData {
  endpoint: Record<string, unknown>;
  truncated?: boolean;
}

/** The webhook `endpoint.disabled`. */
export interface EndpointDisabledEvent {
  type: "endpoint.disabled";
  timestamp: string;
  data: EndpointEventData;
}

/** Every webhook; `type` tells which it is. */
export type WebhookEvent =
  | MessageAnsweredEvent
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
  | EndpointDisabledEvent;

/** The codes of errors. */
export type ErrorCode =
  | "address_refused"
  | "conflict"
  | "database_unavailable"
  | "document_too_large"
  | "document_unreadable"
  | "forbidden"
  | "idempotency_mismatch"
  | "internal"
  | "invalid"
  | "key_refused"
  | "knowledge_error"
  | "last_owner"
  | "malformed"
  | "no_worker"
  | "not_found"
  | "not_implemented"
  | "rate_limited"
  | "role_too_high"
  | "secrets_unreadable"
  | "settings_changed"
  | "too_large"
  | "unsupported_media_type";
