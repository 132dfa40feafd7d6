// What an integrator does in the first hour, against a server that runs as in production: tests/clients/test_stories.py
// starts it. ANSWERBACK_URL is its address; behind DROPPING_URL and CUTTING_URL every other connection is cut.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { Answerback, ApiError, InvalidSignature, verifyWebhook } from "../dist/index.js";

const HELP = "How do I reset my password?";
const skip = process.env.DROPPING_URL ? false : "no server: tests/clients/test_stories.py starts one";
const client = skip ? undefined : new Answerback();

async function all(iterable) {
  const found = [];
  for await (const one of iterable) found.push(one);
  return found;
}

test("a question is answered with its sources", { skip }, async () => {
  const conversation = await client.conversations.create({ subject: "Password", metadata: { shop: "north" } });
  const message = await client.messages.create(conversation.id, { content: HELP });
  const answered = await client.messages.wait(message.id, { timeoutMs: 30_000 });
  assert.equal(answered.state, "answered");
  assert.ok(answered.reply.citations[0].title);
  assert.equal((await client.messages.rate(message.id, { rating: "good" })).feedback.rating, "good");
});

test("the events of an answer end with the whole message", { skip }, async () => {
  const message = await client.tickets.create({ body: HELP });
  const stream = client.messages.stream(message.id);
  const types = (await all(stream)).map(({ type }) => type);
  assert.equal(types[0], "queued");
  assert.equal(types.at(-1), "answered");
  assert.equal(stream.message.reply.content, stream.text);
});

test("a stream that breaks continues after the last event, and one that is complete ends at once", { skip }, async () => {
  const message = await client.tickets.create({ body: HELP });
  const expected = await all(client.messages.stream(message.id));
  const behindProxy = new Answerback({ baseUrl: process.env.CUTTING_URL });
  const received = await all(behindProxy.messages.stream(message.id));
  // Deltas are read again from Redis while it keeps them: the outcome has the whole answer in any case.
  assert.deepEqual(received.at(-1), expected.at(-1));
  assert.equal(new Set(received.map(({ id }) => id)).size, received.length);
  const again = await client.messages.stream(message.id, { after: received.at(-1).id }).untilDone();
  assert.equal(again.state, "answered");
});

test("a ticket whose response was lost exists once", { skip }, async () => {
  const behindProxy = new Answerback({ baseUrl: process.env.DROPPING_URL });
  const external_id = `lost-response-${Date.now()}`;
  const message = await behindProxy.tickets.create({ body: HELP, external_id });
  const [conversation] = await all(client.conversations.list({ external_id }));
  const sent = await all(client.conversations.listMessages(conversation.id, { role: "customer" }));
  assert.deepEqual(sent.map(({ id }) => id), [message.id]);
});

test("a list is read over its pages", { skip }, async () => {
  for (const number of [0, 1, 2, 3, 4]) {
    await client.conversations.create({ external_id: `typescript-${number}`, channel: "typescript" });
  }
  const list = client.conversations.list({ channel: "typescript", limit: 2 });
  const names = (await all(list)).map(({ external_id }) => external_id);
  assert.deepEqual(names, [4, 3, 2, 1, 0].map((number) => `typescript-${number}`));
  const pages = await all(list.pages());
  assert.deepEqual(pages.map(({ items }) => items.length), [2, 2, 1]);
  assert.deepEqual(await list.page(pages[0].next_cursor), pages[1]);
});

test("mistakes are told apart by their code", { skip }, async () => {
  await assert.rejects(client.messages.retrieve("msg_unknown"), (error) => ApiError.is(error, "not_found"));
  await assert.rejects(client.tickets.create({ body: "Help", callback_url: "no address" }), (error) => {
    assert.deepEqual(error.errors.map(({ field }) => field), ["callback_url"]);
    assert.equal(error.docUrl, `${process.env.ANSWERBACK_URL}/docs/errors#invalid`);
    return ApiError.is(error, "invalid");
  });
  const stranger = new Answerback({ apiKey: "wrong-key-0123456789" });
  await assert.rejects(stranger.status.retrieve(), { code: "key_refused" });
});

for (const signature of ["hmac", "ed25519"]) {
  test(`a webhook that the service signed with ${signature} is verified`, { skip, timeout: 60_000 }, async (context) => {
    const receiver = createServer().listen(0, "127.0.0.1");
    context.after(() => {
      receiver.close();
      receiver.closeAllConnections();
    });
    await once(receiver, "listening");
    const received = once(receiver, "request"); // it may come before the response below
    const url = `http://127.0.0.1:${receiver.address().port}/`;
    const endpoint = await client.endpoints.create({ url, signature, events: ["endpoint.disabled"] });
    const delivery = await client.endpoints.test(endpoint.id, { type: "endpoint.disabled" });
    const [request, response] = await received;
    const parts = await all(request);
    response.writeHead(204).end();
    const secret = endpoint.public_key ?? endpoint.secret;
    const webhook = await verifyWebhook(Buffer.concat(parts), request.headers, secret);
    assert.equal(webhook.id, delivery.id);
    await assert.rejects(verifyWebhook(`${Buffer.concat(parts)} `, request.headers, secret), InvalidSignature);
    await client.endpoints.delete(endpoint.id);
  });
}

test("files are uploaded, indexed and found", { skip }, async () => {
  const content = "# Hats\n\nHats are cleaned free of charge on the first Monday of a month.\n";
  const document = await client.documents.createFromFile({ name: "hats.md", content }, { tags: "hats,cleaning" });
  assert.equal((await client.documents.wait(document.id)).state, "ready");
  let found;
  for (let tries = 0; tries < 50 && found?.items[0]?.document_id !== document.id; tries += 1) {
    found = await client.search.query({ query: "When are hats cleaned?", limit: 1 });
    await new Promise((resolve) => setTimeout(resolve, 200)); // until a worker has opened the new snapshot
  }
  assert.equal(found.items[0].document_id, document.id);
  await client.documents.delete(document.id);
  await assert.rejects(client.documents.retrieve(document.id), { code: "not_found" });
});
