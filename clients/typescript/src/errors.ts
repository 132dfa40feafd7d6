// AnswerbackError
// ├── ApiError                an error response: decide by its `code`
// ├── ConnectionFailed        no response came
// ├── WaitTimeout             what was waited for goes on
// └── InvalidSignature        a webhook that was not sent by the server

import type { ErrorCode, FieldProblem } from "./generated/types.js";

/** Any failure that the client anticipates. */
export class AnswerbackError extends Error {
  override readonly name: string = "AnswerbackError";
}

/** No response came, as often as it was tried: the connection failed, broke or timed out. */
export class ConnectionFailed extends AnswerbackError {
  override readonly name = "ConnectionFailed";
}

/** What was waited for has not ended in time; it goes on. */
export class WaitTimeout extends AnswerbackError {
  override readonly name = "WaitTimeout";
}

/** A webhook does not come from the server that has this secret, was changed on its way, or is too old. */
export class InvalidSignature extends AnswerbackError {
  override readonly name = "InvalidSignature";
}

export interface Failure {
  status: number;
  code: string;
  detail: string;
  errors?: FieldProblem[];
  requestId?: string;
  docUrl?: string;
  retryAfterMs?: number;
}

/** An error response of the API. */
export class ApiError extends AnswerbackError {
  override readonly name = "ApiError";
  /** The HTTP status. */
  readonly status: number;
  /** The stable identifier; `http_<status>` where the response is not of the API but of a proxy. */
  readonly code: ErrorCode | (string & {});
  /** For humans. */
  readonly detail: string;
  /** Each field at fault. */
  readonly errors: FieldProblem[];
  /** Quote it when you report a problem. */
  readonly requestId: string | undefined;
  /** Leads to what the code means and what to do. */
  readonly docUrl: string | undefined;
  /** The milliseconds that the server asked to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(failure: Failure) {
    const fields = (failure.errors ?? []).map(({ field, message }) => `\n  ${field}: ${message}`).join("");
    super(`${failure.status} ${failure.code}: ${failure.detail}${fields}`);
    this.status = failure.status;
    this.code = failure.code;
    this.detail = failure.detail;
    this.errors = failure.errors ?? [];
    this.requestId = failure.requestId;
    this.docUrl = failure.docUrl;
    this.retryAfterMs = failure.retryAfterMs;
  }

  /** Whether something that was caught is an error response with one of these codes. */
  static is(error: unknown, ...codes: ErrorCode[]): error is ApiError {
    return error instanceof ApiError && (codes.length === 0 || (codes as string[]).includes(error.code));
  }
}
