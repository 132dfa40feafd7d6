// One call of the API, as data.

/** A file to upload. Its name tells the format. */
export type FileInput = Blob | { name: string; content: BlobPart };

export interface CallOptions {
  /** Ends the call; its promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds of one attempt; by default those of the client. */
  timeoutMs?: number;
}

export interface WithKey extends CallOptions {
  /** Made by the client if omitted. Give one of your own to repeat a request after your process was restarted. */
  idempotencyKey?: string;
}

export interface WithWait extends CallOptions {
  /** Milliseconds that the server may wait for the end of a message, at most 60,000. */
  waitMs?: number;
}

export interface Call {
  method: string;
  /** With its ids quoted. */
  path: string;
  query?: object;
  /** Sent as JSON. */
  body?: object;
  /** Sent as a form, with `fields`. */
  file?: FileInput;
  fields?: object;
  /** The `Idempotency-Key`. */
  key?: string;
  waitMs?: number;
  /** Whether sending it twice has the effect of sending it once, even without a key. */
  repeatable?: boolean;
}

/** Return an idempotency key. It must be unique, and need not be secret. */
export function newKey(): string {
  const bytes = new Uint8Array(16);
  if (globalThis.crypto) crypto.getRandomValues(bytes);
  else bytes.forEach((_, index) => (bytes[index] = Math.random() * 256)); // Node 18
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return an id as a part of a path; an empty one, or one of dots alone, would make another path. */
export function part(id: string): string {
  if (/^\.*$/.test(id)) throw new TypeError(`${JSON.stringify(id)} is no id.`);
  return encodeURIComponent(id);
}
