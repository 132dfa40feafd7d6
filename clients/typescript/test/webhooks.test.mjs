// Webhooks of the service are accepted, and nothing else is. The Python test passes what the service signs.
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { test } from "node:test";
import { InvalidSignature, verifyWebhook } from "../dist/index.js";

const BODY = JSON.stringify({ type: "message.answered", data: { message: { content: "Grüße" } } });
const secret = `whsec_${randomBytes(32).toString("base64")}`;

function signed(key, { at = Date.now(), body = BODY, id = "whd_1" } = {}) {
  const timestamp = String(Math.floor(at / 1000));
  const hmac = createHmac("sha256", Buffer.from(key.slice(6), "base64")).update(`${id}.${timestamp}.${body}`);
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${hmac.digest("base64")}` };
}

test("a webhook is returned with its id, time and event, however it was received", async () => {
  for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY).buffer]) {
    for (const headers of [signed(secret), new Headers(signed(secret))]) {
      const webhook = await verifyWebhook(body, headers, secret);
      assert.equal(webhook.id, "whd_1");
      assert.ok(Math.abs(Date.now() - webhook.sentAt.getTime()) < 3000);
      assert.equal(webhook.event.type, "message.answered");
    }
  }
});

test("both sides can change their secret at any time", async () => {
  const newer = `whsec_${randomBytes(32).toString("base64")}`;
  const old = signed(secret);
  const both = { ...old, "webhook-signature": `${signed(newer)["webhook-signature"]} ${old["webhook-signature"]}` };
  await verifyWebhook(BODY, both, secret);
  await verifyWebhook(BODY, old, [newer, secret]);
});

test("public keys verify what an ed25519 endpoint gets", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const headers = signed(secret);
  const content = Buffer.from(`whd_1.${headers["webhook-timestamp"]}.${BODY}`);
  headers["webhook-signature"] = `v1a,${sign(null, content, privateKey).toString("base64")}`;
  const key = `whpk_${raw.toString("base64")}`;
  assert.equal((await verifyWebhook(BODY, headers, [secret, key])).id, "whd_1");
  await assert.rejects(verifyWebhook(`${BODY} `, headers, key), InvalidSignature);
});

const headers = signed(secret);
for (const [name, changed] of Object.entries({
  id: { ...headers, "webhook-id": "whd_2" },
  time: { ...headers, "webhook-timestamp": "soon" },
  scheme: { ...headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v1a,") },
  signature: { ...headers, "webhook-signature": "v1,not base64 at all" },
  nothing: {},
  key: signed(`whsec_${randomBytes(32).toString("base64")}`),
  old: signed(secret, { at: Date.now() - 400_000 }),
  early: signed(secret, { at: Date.now() + 400_000 }),
})) {
  test(`a webhook with a wrong ${name} is refused`, () => assert.rejects(verifyWebhook(BODY, changed, secret), InvalidSignature));
}

test("another body, and one that is no JSON, are refused", async () => {
  await assert.rejects(verifyWebhook(`${BODY} `, signed(secret), secret), InvalidSignature);
  await assert.rejects(verifyWebhook("no JSON", signed(secret, { body: "no JSON" }), secret), InvalidSignature);
});

test("a secret that is none is a mistake of the program and not of the sender", async () => {
  for (const wrong of ["", "whsec_", "whsec_*", "secret", "whpk_AAAA", "whsk_AAAA"]) {
    await assert.rejects(verifyWebhook(BODY, signed(secret), wrong), TypeError);
  }
});
