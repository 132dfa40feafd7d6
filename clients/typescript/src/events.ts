// Server-Sent Events, as text comes in.

/** One event as it was sent. */
export interface ServerSentEvent {
  id: string;
  type: string;
  data: string;
}

/** Reads events out of the text of a stream, however it is cut. */
export class Decoder {
  /** Comments so far. */
  heartbeats = 0;
  /** Events so far. */
  events = 0;
  #buffer = "";
  #id = "";
  #type = "";
  #data: string[] = [];

  /** Yield the events that are complete with this text. */
  *feed(text: string): Generator<ServerSentEvent, void, undefined> {
    this.#buffer += text;
    // A carriage return at the end of what came so far may be half of an end of line.
    const end = /\r\n|\n|\r(?!$)/g;
    let begin = 0;
    for (let found = end.exec(this.#buffer); found !== null; found = end.exec(this.#buffer)) {
      const event = this.#line(this.#buffer.slice(begin, found.index));
      begin = end.lastIndex;
      if (event) yield event;
    }
    this.#buffer = this.#buffer.slice(begin);
  }

  #line(line: string): ServerSentEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) this.heartbeats += 1;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    const data = this.#data;
    const type = this.#type || "message";
    this.#data = [];
    this.#type = "";
    if (data.length) this.events += 1;
    return data.length ? { id: this.#id, type, data: data.join("\n") } : undefined;
  }
}
