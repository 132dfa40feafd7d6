// Lists of the API.

import type { Call, CallOptions } from "./calls.js";
import type { Transport } from "./transport.js";

export interface Page<Item> {
  items: Item[];
  /** Leads to the next page; null on the last one. */
  next_cursor: string | null;
}

/** A list of the API. Each iteration begins at its first page and fetches the others as they are needed. */
export class Pages<Item> implements AsyncIterable<Item> {
  readonly #transport: Transport;
  readonly #call: Call;
  readonly #options: CallOptions;

  constructor(transport: Transport, call: Call, options: CallOptions) {
    this.#transport = transport;
    this.#call = call;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* page.items;
  }

  /** Yield the pages, from the first or from the `next_cursor` of another one. */
  async *pages(cursor?: string): AsyncGenerator<Page<Item>, void, undefined> {
    for (let at: string | null | undefined = cursor; at !== null; ) {
      const page: Page<Item> = await this.page(at);
      yield page;
      at = page.next_cursor ?? null;
    }
  }

  /** Return the first page, or that of a cursor. */
  page(cursor?: string): Promise<Page<Item>> {
    const call = cursor === undefined ? this.#call : { ...this.#call, query: { ...this.#call.query, cursor } };
    return this.#transport.send(call, this.#options);
  }
}
