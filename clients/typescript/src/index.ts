export type { CallOptions, FileInput, WithKey, WithWait } from "./calls.js";
export { Answerback, type ClientOptions } from "./client.js";
export { AnswerbackError, ApiError, ConnectionFailed, InvalidSignature, WaitTimeout } from "./errors.js";
export type * from "./generated/types.js";
export { VERSION } from "./generated/version.js";
export type { WaitOptions } from "./messages.js";
export { type Page, Pages } from "./pages.js";
export { type Delta, MessageStream, type Outcome, type StreamEvent, type StreamOptions } from "./streams.js";
export { type ReceivedHeaders, type VerifyOptions, verifyWebhook, type Webhook } from "./webhooks.js";
