// The client.

import { Surface } from "./generated/surface.js";
import { Transport } from "./transport.js";

const DEFAULT_URL = "http://127.0.0.1:8000";

export interface ClientOptions {
  /** A key, or a conversation token in browsers; or what returns one, since tokens expire.
   *
   * By default that of the environment variable ANSWERBACK_API_KEY.
   */
  apiKey?: string | (() => string | Promise<string>);
  /** Address of the server; by default that of ANSWERBACK_URL, or else a server on this machine. */
  baseUrl?: string;
  /** Milliseconds of one attempt; 60,000 if omitted. */
  timeoutMs?: number;
  /** Attempts beyond the first, where another attempt can do no harm; 3 if omitted. */
  maxRetries?: number;
  /** In place of the global fetch, for proxies or certificates. */
  fetch?: typeof fetch;
}

/** A client of one Answerback server and one workspace of it. */
export class Answerback extends Surface {
  readonly #transport: Transport;

  constructor(options: ClientOptions = {}) {
    const apiKey = options.apiKey ?? environment("ANSWERBACK_API_KEY")?.trim();
    if (!apiKey) throw new TypeError("No API key is known: give apiKey, or set ANSWERBACK_API_KEY.");
    const url = new URL(options.baseUrl ?? environment("ANSWERBACK_URL") ?? DEFAULT_URL);
    if (!/^https?:$/.test(url.protocol)) {
      throw new TypeError(`The address of the server must begin with https:// or http://, not ${url.protocol}`);
    }
    const transport = new Transport({
      apiKey,
      baseUrl: (url.origin + url.pathname).replace(/\/+$/, "").replace(/\/v1$/, ""),
      timeoutMs: options.timeoutMs ?? 60_000,
      maxRetries: options.maxRetries ?? 3,
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    });
    super(transport);
    this.#transport = transport;
  }

  /** Return a client of the same server with other options. */
  withOptions(options: Pick<ClientOptions, "timeoutMs" | "maxRetries">): Answerback {
    return new Answerback({ ...this.#transport.options, ...options });
  }
}

/** Return a variable of the environment; undefined in browsers, and where Deno does not permit to read it. */
function environment(name: string): string | undefined {
  const process = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process;
  try {
    return process?.env?.[name] || undefined;
  } catch {
    return undefined;
  }
}
