// Messages: what their resource has beyond the operations of the API.

import { newKey, part, type WithKey } from "./calls.js";
import { WaitTimeout } from "./errors.js";
import { Messages as Operations } from "./generated/resources.js";
import type { Message, NewMessage } from "./generated/types.js";
import { isEnded, MessageStream, type StreamOptions } from "./streams.js";
import { pause } from "./transport.js";

/** The server waits this long at most for one request. */
const MAX_WAIT_MS = 60_000;

/** The server has not waited, since others wait already: ask again after this time. */
const PAUSE_MS = 500;

export interface WaitOptions {
  /** 120,000 if omitted. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Messages and their outcomes. */
export class Messages extends Operations {
  /** Send a message in a conversation; the same as `conversations.sendMessage`. */
  create(conversationId: string, body: NewMessage, options: WithKey = {}): Promise<Message> {
    const path = `/v1/conversations/${part(conversationId)}/messages`;
    return this.transport.send({ method: "POST", path, body, key: options.idempotencyKey ?? newKey() }, options);
  }

  /** Return a message once it has ended: `answered`, `handed_off`, `cancelled` or `failed`. */
  async wait(messageId: string, options: WaitOptions = {}): Promise<Message> {
    const { timeoutMs = 120_000, signal } = options;
    const ends = Date.now() + timeoutMs;
    for (;;) {
      const asked = Date.now();
      const waitMs = Math.min(Math.max(ends - asked, 0), MAX_WAIT_MS);
      const message = await this.retrieve(messageId, { waitMs, signal });
      if (isEnded(message.state)) return message;
      if (Date.now() >= ends) throw new WaitTimeout(`${messageId} has not ended after ${timeoutMs} ms.`);
      if (Date.now() - asked <= PAUSE_MS) await pause(Math.min(PAUSE_MS, ends - Date.now()), signal);
    }
  }

  /** Return the events of a message until it has ended, all of them or those after an event. */
  stream(messageId: string, options: StreamOptions = {}): MessageStream {
    return new MessageStream(this.transport, messageId, options);
  }
}
