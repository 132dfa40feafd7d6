// The events of one message, until it has ended. A connection that breaks is resumed after the last event.

import { type Call, type CallOptions, part } from "./calls.js";
import { ConnectionFailed } from "./errors.js";
import { Decoder, type ServerSentEvent } from "./events.js";
import type { Citation, Message } from "./generated/types.js";
import { Attempts } from "./retries.js";
import { isOfConnection, pause, timed, type Transport } from "./transport.js";

/** A stream has a heartbeat every 15 seconds; one that is silent for this long is broken. */
const IDLE_MS = 45_000;

/** Whether a state of a message is the last one. The event of an outcome has the name of the state. */
export function isEnded(state: string): state is Outcome {
  return state === "answered" || state === "handed_off" || state === "cancelled" || state === "failed";
}

export type Outcome = "answered" | "handed_off" | "cancelled" | "failed";

/** A part of the answer: `text` stands at `offset` of what was written so far. */
export interface Delta {
  message_id: string;
  offset: number;
  text: string;
  citations?: Citation[];
}

/** One event of a stream. Continue after it with `messages.stream(id, { after: event.id })`. */
export type StreamEvent =
  | { id: string; type: Outcome; data: Message }
  | { id: string; type: "delta"; data: Delta }
  | { id: string; type: "queued" | "running"; data: Record<string, unknown> };

export interface StreamOptions extends Pick<CallOptions, "signal"> {
  /** The id of an event; the stream begins after it. */
  after?: string;
}

/** The events of one message. Iterate over it once. */
export class MessageStream implements AsyncIterable<StreamEvent> {
  /** The answer as far as it is written. */
  text = "";
  /** The whole message, once it has ended. */
  message: Message | undefined;
  readonly #transport: Transport;
  readonly #retrieve: Call;
  readonly #signal: AbortSignal | undefined;
  readonly #events: AsyncGenerator<StreamEvent, void, undefined>;
  #lastId: string | undefined;

  constructor(transport: Transport, messageId: string, options: StreamOptions) {
    this.#transport = transport;
    this.#retrieve = { method: "GET", path: `/v1/messages/${part(messageId)}`, repeatable: true };
    this.#signal = options.signal;
    this.#lastId = options.after;
    this.#events = this.#read();
  }

  [Symbol.asyncIterator](): AsyncGenerator<StreamEvent, void, undefined> {
    return this.#events;
  }

  /** Read to the end; return the message. */
  async untilDone(): Promise<Message> {
    for await (const _ of this.#events);
    if (!this.message) throw new ConnectionFailed("The stream was closed before the message had ended.");
    return this.message;
  }

  async *#read(): AsyncGenerator<StreamEvent, void, undefined> {
    const call = { ...this.#retrieve, path: `${this.#retrieve.path}/events` };
    const attempts = new Attempts(call, this.#transport.options);
    while (!this.message) {
      let pauseMs: number | undefined;
      const decoder = new Decoder();
      const timer = timed(IDLE_MS, this.#signal);
      try {
        const response = await this.#transport.stream(call.path, this.#lastId, timer.signal);
        pauseMs = await attempts.responded(response);
        if (pauseMs === undefined) {
          for await (const text of texts(response, timer.restart)) {
            for (const sent of decoder.feed(text)) {
              attempts.succeeded();
              yield this.#take(sent);
            }
          }
          if (!this.message && !decoder.events) {
            yield* this.#outcome();
            if (!this.message) throw new TypeError("the server closed the stream");
          }
        }
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (!isOfConnection(error)) throw error;
        if (decoder.heartbeats) attempts.succeeded();
        pauseMs = this.message ? 0 : attempts.failed(error);
      } finally {
        timer.clear();
      }
      if (!this.message) await pause(pauseMs ?? 0, this.#signal);
    }
  }

  /** Yield the outcome of a message that has ended, after the server closed its stream without telling it.
   *
   * That happens where the stream continued after the last event, and where the events have expired.
   */
  async *#outcome(): AsyncGenerator<StreamEvent, void, undefined> {
    const now = await this.#transport.send<Message>(this.#retrieve, { signal: this.#signal });
    if (isEnded(now.state)) yield this.#take({ id: this.#lastId ?? "", type: now.state, data: JSON.stringify(now) });
  }

  #take(sent: ServerSentEvent): StreamEvent {
    const event = { ...sent, data: JSON.parse(sent.data) } as StreamEvent;
    this.#lastId = sent.id || this.#lastId;
    if (event.type === "delta") {
      // Offsets count characters, and strings of JavaScript UTF-16 units.
      this.text = [...this.text].slice(0, event.data.offset).join("") + event.data.text;
    } else if (event.type === "queued") {
      this.message = undefined; // a message that had ended was retried
    } else if (isEnded(event.type)) {
      this.message = event.data as Message;
      this.text = this.message.reply?.content ?? this.text;
    }
    return event;
  }
}

/** Yield the text of a response as it comes; the connection is closed when the iteration ends. */
async function* texts(response: Response, alive: () => void): AsyncGenerator<string, void, undefined> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      alive();
      yield decoder.decode(read.value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
