// Events are read as the standard describes them, however the network cuts them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Decoder } from "../dist/events.js";

const STREAM =
  ": heartbeat\n\nretry: 2000\n\n" +
  'id: 41\nevent: delta\ndata: {"text": "Grüße 🙂"}\n\n' +
  "id: 42\r\nevent:answered\r\ndata: one\r\ndata: two\r\n\r\n" +
  "event: nothing\n\ndata\n\ndata: last\n\nid: 43\ndata: cut off";
const EVENTS = [
  { id: "41", type: "delta", data: '{"text": "Grüße 🙂"}' },
  { id: "42", type: "answered", data: "one\ntwo" },
  { id: "42", type: "message", data: "" },
  { id: "42", type: "message", data: "last" },
];

for (const size of [1, 2, 3, 7, 1000]) {
  test(`events are the same when their text comes in pieces of ${size}`, () => {
    const decoder = new Decoder();
    const events = [];
    for (let at = 0; at < STREAM.length; at += size) events.push(...decoder.feed(STREAM.slice(at, at + size)));
    assert.deepEqual(events, EVENTS);
    assert.equal(decoder.heartbeats, 1);
  });
}

test("carriage returns alone end lines too", () => {
  const decoder = new Decoder();
  assert.deepEqual([...decoder.feed("data: one\r\rdata: two\r")], [{ id: "", type: "message", data: "one" }]);
  assert.deepEqual([...decoder.feed("\ndata: three\n\n")], [{ id: "", type: "message", data: "two\nthree" }]);
});
