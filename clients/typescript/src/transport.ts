// Sending calls with fetch.

import type { Call, CallOptions, FileInput } from "./calls.js";
import { Attempts } from "./retries.js";
import { VERSION } from "./generated/version.js";

export interface TransportOptions {
  /** Without a slash at its end. */
  baseUrl: string;
  apiKey: string | (() => string | Promise<string>);
  timeoutMs: number;
  maxRetries: number;
  fetch: typeof fetch;
}

/** An end that comes from a time-out of the client, not from the caller's signal. */
class TimedOut extends Error {
  override readonly name = "TimedOut";
}

/** Sends calls, again if it must be. */
export class Transport {
  readonly options: TransportOptions;

  constructor(options: TransportOptions) {
    this.options = options;
  }

  /** Return the result of a call, or reject with an ApiError or with ConnectionFailed. */
  async send<Result>(call: Call, options: CallOptions = {}): Promise<Result> {
    const attempts = new Attempts(call, this.options);
    const asked = (call.body as { wait_s?: number } | undefined)?.wait_s ?? 0; // of a direct answer
    const timeoutMs = (options.timeoutMs ?? this.options.timeoutMs) + (call.waitMs ?? asked * 1000);
    for (;;) {
      let pauseMs: number | undefined;
      const timer = timed(timeoutMs, options.signal);
      try {
        const response = await this.#fetch(call, timer.signal);
        pauseMs = await attempts.responded(response);
        if (pauseMs === undefined) return (await bodyOf(response)) as Result;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!isOfConnection(error)) throw error;
        pauseMs = attempts.failed(error);
      } finally {
        timer.clear();
      }
      await pause(pauseMs, options.signal);
    }
  }

  /** Open a stream of events that continues after one of them. */
  async stream(path: string, lastEventId: string | undefined, signal: AbortSignal): Promise<Response> {
    const headers = await this.#headers("text/event-stream");
    if (lastEventId) headers.set("Last-Event-ID", lastEventId);
    return this.options.fetch(this.options.baseUrl + path, { headers, signal, cache: "no-store", redirect: "manual" });
  }

  async #fetch(call: Call, signal: AbortSignal): Promise<Response> {
    const headers = await this.#headers("application/json");
    if (call.key !== undefined) headers.set("Idempotency-Key", call.key);
    if (call.waitMs !== undefined) headers.set("Prefer", `wait=${Math.ceil(call.waitMs / 1000)}`);
    let body: BodyInit | undefined;
    if (call.file !== undefined) {
      body = form(call.file, call.fields ?? {});
    } else if (call.body !== undefined) {
      headers.set("Content-Type", "application/json");
      body = JSON.stringify(call.body);
    }
    const url = this.options.baseUrl + call.path + search(call.query);
    return this.options.fetch(url, { method: call.method, headers, body, signal, redirect: "manual" });
  }

  async #headers(accept: string): Promise<Headers> {
    const { apiKey } = this.options;
    const headers = new Headers({ Accept: accept });
    headers.set("Authorization", `Bearer ${typeof apiKey === "function" ? await apiKey() : apiKey}`);
    // Browsers name themselves, and would ask the server whether they may do otherwise.
    if (!("document" in globalThis)) headers.set("User-Agent", `answerback-typescript/${VERSION}`);
    return headers;
  }
}

/** Wait, unless the signal ends it. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, ms);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}

export interface Timer {
  signal: AbortSignal;
  /** Start anew. */
  restart(): void;
  clear(): void;
}

/** Return a signal that a time-out or the caller's own signal aborts. */
export function timed(ms: number, signal?: AbortSignal): Timer {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  const expire = () => controller.abort(new TimedOut(`no response within ${ms} ms`));
  let timer = setTimeout(expire, ms);
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    restart() {
      clearTimeout(timer);
      timer = setTimeout(expire, ms);
    },
    clear() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}

/** Whether an error says that the connection failed: fetch rejects with a TypeError, and so do bodies that break off. */
export function isOfConnection(error: unknown): boolean {
  if (error instanceof TimedOut || error instanceof TypeError) return true;
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" && /^(E[A-Z]+|UND_ERR_\w+|Connection\w+|FailedToOpenSocket)$/.test(code);
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  return response.ok && text ? JSON.parse(text) : undefined;
}

function search(query: object = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text && `?${text}`;
}

function form(file: FileInput, fields: object): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) data.set(name, String(value));
  }
  if (file instanceof Blob) data.set("file", file, (file as { name?: string }).name ?? "file");
  else data.set("file", new Blob([file.content]), file.name);
  return data;
}
