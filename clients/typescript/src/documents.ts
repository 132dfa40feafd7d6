// Documents: what their resource has beyond the operations of the API.

import { WaitTimeout } from "./errors.js";
import { Documents as Operations } from "./generated/resources.js";
import type { Document } from "./generated/types.js";
import type { WaitOptions } from "./messages.js";
import { pause } from "./transport.js";

const PAUSE_MS = 500;

/** The knowledge base. */
export class Documents extends Operations {
  /** Return a document once it is `ready` to be found, or `failed` with its `error`. */
  async wait(documentId: string, options: WaitOptions = {}): Promise<Document> {
    const { timeoutMs = 120_000, signal } = options;
    const ends = Date.now() + timeoutMs;
    for (;;) {
      const document = await this.retrieve(documentId, { signal });
      if (document.state === "ready" || document.state === "failed") return document;
      if (Date.now() >= ends) throw new WaitTimeout(`${documentId} is not indexed after ${timeoutMs} ms.`);
      await pause(PAUSE_MS, signal);
    }
  }
}
