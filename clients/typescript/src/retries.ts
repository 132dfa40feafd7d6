// Whether, when and how often a call is sent again.

import type { Call } from "./calls.js";
import { ApiError, ConnectionFailed } from "./errors.js";
import { ERROR_CODES } from "./generated/codes.js";
import type { Problem } from "./generated/types.js";

/** The first pause; each further one is twice as long, and all vary by a quarter. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

/** A server that asks for more patience than this gets its error thrown. */
const MAX_RETRY_AFTER_MS = 60_000;

/** After these, a call that may be repeated is sent again. */
const TEMPORARY = new Set([408, 429, 500, 502, 503, 504]);

/** Failures before the request was sent, as Node and Bun name them; Deno says so in the message. Browsers do not tell. */
const UNSENT = new Set([
  ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"],
  ...["ConnectionRefused", "FailedToOpenSocket"],
]);

/** The attempts at one call. */
export class Attempts {
  readonly #call: Call;
  readonly #options: { baseUrl: string; maxRetries: number };
  #made = 0;
  #maybeCarriedOut = false;

  constructor(call: Call, options: { baseUrl: string; maxRetries: number }) {
    this.#call = call;
    this.#options = options;
  }

  /** Return the milliseconds until the next attempt, after one without a response; throw when there is none. */
  failed(error: unknown): number {
    const unsent = isUnsent(error);
    this.#maybeCarriedOut ||= !unsent;
    if (this.#made < this.#options.maxRetries && (unsent || this.#mayRepeat)) return this.#pause();
    const unknown = unsent || this.#mayRepeat ? "" : " Whether it was carried out is not known.";
    const { method, path } = this.#call;
    throw new ConnectionFailed(`${method} ${this.#options.baseUrl}${path}: ${reasonOf(error)}.${unknown}`, { cause: error });
  }

  /** Return the milliseconds until the next attempt, after a response; undefined when it is the last, and a success. */
  async responded(response: Response): Promise<number | undefined> {
    if (response.ok || this.#isDeletedBefore(response)) return undefined;
    const error = await errorOf(response);
    const waitMs = error.retryAfterMs ?? 0;
    if (this.#made >= this.#options.maxRetries || !this.#isTemporary(error) || waitMs > MAX_RETRY_AFTER_MS) throw error;
    this.#maybeCarriedOut ||= error.status >= 500;
    return Math.max(this.#pause(), waitMs);
  }

  /** Start counting anew: a stream got on. */
  succeeded(): void {
    this.#made = 0;
  }

  get #mayRepeat(): boolean {
    return this.#call.repeatable === true || this.#call.key !== undefined;
  }

  #isTemporary(error: ApiError): boolean {
    if (!TEMPORARY.has(error.status)) return false;
    // 429 and 503 of the API itself say that nothing was changed; what a proxy says tells nothing.
    const isUnchanged = ERROR_CODES.has(error.code) && (error.status === 429 || error.status === 503);
    return isUnchanged || this.#mayRepeat;
  }

  /** Whether something that is not found was deleted by an attempt whose response was lost. */
  #isDeletedBefore(response: Response): boolean {
    return this.#call.method === "DELETE" && response.status === 404 && this.#maybeCarriedOut;
  }

  #pause(): number {
    this.#made += 1;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.#made - 1), LONGEST_PAUSE_MS);
    return pause * (0.75 + Math.random() / 2);
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  let problem: Partial<Problem> = {};
  try {
    problem = Object(JSON.parse(text));
  } catch {
    // a proxy's page
  }
  return new ApiError({
    status: response.status,
    code: problem.code ?? `http_${response.status}`,
    detail: problem.detail ?? problem.title ?? (text.slice(0, 200) || response.statusText),
    errors: problem.errors,
    requestId: problem.request_id ?? response.headers.get("x-request-id") ?? undefined,
    docUrl: problem.doc_url && new URL(problem.doc_url, response.url).href,
    retryAfterMs: milliseconds(response.headers.get("retry-after")),
  });
}

/** Return the milliseconds of a `Retry-After`, which is a number of seconds or a date. */
function milliseconds(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\s*\d+\s*$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

function isUnsent(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as { code?: unknown }).code;
    if ((typeof code === "string" && UNSENT.has(code)) || at.message.includes("client error (Connect)")) return true;
  }
  return false;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
