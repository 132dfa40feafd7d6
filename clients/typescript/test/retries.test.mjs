// A call is sent again where that can do no harm, and never where it could be carried out twice.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Answerback, ApiError, ConnectionFailed, WaitTimeout } from "../dist/index.js";
import { scripted } from "./scripted.mjs";

const MESSAGE = { id: "msg_1", state: "queued" };
const BUSY = [429, { code: "rate_limited", detail: "Slow down." }, { "Retry-After": "0" }];
const AWAY = [503, { code: "database_unavailable", detail: "Later." }, {}];
const GATEWAY = [502, "<html>Bad Gateway</html>", { "Content-Type": "text/html" }];
const GONE = [404, { code: "not_found", detail: "No such document." }, {}];

let server;
let client;
beforeEach(async () => {
  server = await scripted();
  client = new Answerback({ apiKey: "key", baseUrl: server.url });
});
afterEach(() => server.close());

for (const [name, failure] of Object.entries({ dropped: null, busy: BUSY, away: AWAY, gateway: GATEWAY })) {
  test(`a ticket that failed (${name}) is sent again with the same key`, async () => {
    server.sends(failure, MESSAGE);
    assert.deepEqual(await client.tickets.create({ body: "Help" }), MESSAGE);
    const [first, second] = server.keys();
    assert.ok(first);
    assert.equal(first, second);
  });
}

test("each ticket has a key of its own unless the caller gives one", async () => {
  server.sends(MESSAGE, MESSAGE, MESSAGE);
  await client.tickets.create({ body: "Help" });
  await client.tickets.create({ body: "Help" });
  await client.tickets.create({ body: "Help" }, { idempotencyKey: "order-1001" });
  assert.equal(new Set(server.keys()).size, 3);
  assert.equal(server.keys()[2], "order-1001");
});

test("what may have been carried out is not sent again without a key", async () => {
  server.sends(null);
  await assert.rejects(client.conversations.close("conv_1"), (error) => {
    assert.ok(error instanceof ConnectionFailed);
    assert.match(error.message, /Whether it was carried out is not known/);
    return true;
  });
  server.sends(GATEWAY);
  await assert.rejects(client.conversations.close("conv_1"), { code: "http_502" });
});

test("what was surely not carried out is sent again even without a key", async () => {
  server.sends(AWAY, { id: "conv_1" });
  assert.deepEqual(await client.conversations.close("conv_1"), { id: "conv_1" });
});

test("a server that is not there is tried again and then named", async () => {
  server.close();
  const away = client.withOptions({ maxRetries: 1 });
  const began = Date.now();
  await assert.rejects(away.conversations.close("conv_1"), (error) => {
    assert.ok(error instanceof ConnectionFailed);
    assert.match(error.message, /POST http:.*\/v1\/conversations\/conv_1\/close: /);
    assert.doesNotMatch(error.message, /Whether it was carried out/);
    return true;
  });
  assert.ok(Date.now() - began > 300, "there was a second attempt");
});

test("a deletion whose response was lost has succeeded", async () => {
  server.sends(null, GONE);
  await client.documents.delete("doc_1");
  server.sends(GONE);
  await assert.rejects(client.documents.delete("doc_1"), (error) => ApiError.is(error, "not_found"));
});

test("a server that asks for minutes is not waited for", async () => {
  server.sends([429, { code: "rate_limited", detail: "Tomorrow." }, { "Retry-After": "3600" }]);
  await assert.rejects(client.documents.retrieve("doc_1"), { code: "rate_limited", retryAfterMs: 3_600_000 });
});

test("mistakes are not repeated and name the fields", async () => {
  const errors = [{ field: "body", message: "Must be text." }];
  server.sends([422, { code: "invalid", detail: "Not valid.", errors, doc_url: "/docs/errors#invalid" }, {}]);
  await assert.rejects(client.tickets.create({ body: "" }), {
    name: "ApiError",
    status: 422,
    code: "invalid",
    errors,
    message: /body: Must be text/,
    docUrl: `${server.url}/docs/errors#invalid`,
  });
  assert.equal(server.requests.length, 1);
});

test("a response that takes too long counts as none", async () => {
  const slow = new Answerback({
    apiKey: "key",
    baseUrl: server.url,
    timeoutMs: 20,
    maxRetries: 0,
    fetch: (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  await assert.rejects(slow.tickets.create({ body: "Help" }), /no response within 20 ms/);
});

test("the caller's signal ends a call, also between two attempts", async () => {
  const reason = new Error("the user went away");
  await assert.rejects(client.tickets.create({ body: "Help" }, { signal: AbortSignal.abort(reason) }), reason);
  server.sends(AWAY, AWAY, AWAY, AWAY);
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 100);
  await assert.rejects(client.tickets.create({ body: "Help" }, { signal: controller.signal }), reason);
});

test("waiting goes on until the message has ended and ends with a word in time", async () => {
  server.sends(MESSAGE, { ...MESSAGE, state: "answered" });
  assert.equal((await client.messages.wait("msg_1")).state, "answered");
  assert.equal(server.requests[0].headers.prefer, "wait=60");
  server.sends(MESSAGE);
  await assert.rejects(client.messages.wait("msg_1", { timeoutMs: 0 }), WaitTimeout);
});

test("ids stay one part of the path", async () => {
  server.sends({ id: "x" });
  await client.conversations.retrieve("../status?x=1#y");
  assert.equal(server.requests[0].path, "/v1/conversations/..%2Fstatus%3Fx%3D1%23y");
  assert.throws(() => client.conversations.delete(""), /no id/);
});

test("a token that is made anew is asked for with each attempt", async () => {
  let made = 0;
  const browser = new Answerback({ apiKey: async () => `token-${++made}`, baseUrl: `${server.url}/v1/` });
  server.sends(AWAY, MESSAGE);
  await browser.messages.retrieve("msg_1");
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    ["Bearer token-1", "Bearer token-2"],
  );
});

test("a client without a key or with a wrong address says so", () => {
  delete process.env.ANSWERBACK_API_KEY;
  assert.throws(() => new Answerback(), /ANSWERBACK_API_KEY/);
  assert.throws(() => new Answerback({ apiKey: "key", baseUrl: "ftp://answerback.example" }), /https:/);
});
