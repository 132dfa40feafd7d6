// Verifying webhooks, which are signed after Standard Webhooks: https://www.standardwebhooks.com.

import { InvalidSignature } from "./errors.js";
import type { WebhookEvent } from "./generated/types.js";

/** Milliseconds that the clocks of both sides may differ, and that a webhook may be on its way. */
const TOLERANCE_MS = 300_000;

/** A webhook that the server sent. */
export interface Webhook {
  /** The same with every attempt: process each once. */
  id: string;
  /** The time of this attempt. */
  sentAt: Date;
  /** Tell by its `type` which it is. */
  event: WebhookEvent;
}

/** Headers of a request: as `Headers`, or as Node's `request.headers`. */
export type ReceivedHeaders = Headers | Record<string, string | string[] | undefined>;

export interface VerifyOptions {
  /** How old the webhook may be, and how far ahead of this machine's clock. */
  toleranceMs?: number;
}

/** Return a webhook once its signature and its age are checked, or reject with InvalidSignature: respond with 401.
 *
 * @param body as it was received, before any parsing
 * @param secret the endpoint's `secret` (`whsec_…`) or `public_key` (`whpk_…`); several while one replaces another
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: ReceivedHeaders,
  secret: string | string[],
  options: VerifyOptions = {},
): Promise<Webhook> {
  const raw = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  const id = header(headers, "webhook-id");
  const sent = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  if (!id || !sent || !signatures) {
    throw new InvalidSignature("A header is missing: webhook-id, webhook-timestamp or webhook-signature.");
  }
  const age = Math.abs(Date.now() - Number(sent) * 1000);
  if (!/^\d+$/.test(sent) || age > (options.toleranceMs ?? TOLERANCE_MS)) {
    throw new InvalidSignature("The time of the webhook is too far from that of this machine.");
  }
  const signed = joined(new TextEncoder().encode(`${id}.${sent}.`), raw);
  const keys = await Promise.all([secret].flat().map(keyOf));
  for (const signature of signatures.split(" ")) {
    const comma = signature.indexOf(",");
    const given = decoded(signature.slice(comma + 1));
    for (const { scheme, algorithm, key } of keys) {
      if (scheme !== signature.slice(0, comma) || given === undefined) continue;
      // WebCrypto compares in constant time.
      if (await (await subtle()).verify(algorithm, key, given, signed)) {
        return { id, sentAt: new Date(Number(sent) * 1000), event: parsed(raw) };
      }
    }
  }
  throw new InvalidSignature("No signature of the webhook is valid.");
}

interface Key {
  scheme: string;
  algorithm: string;
  key: CryptoKey;
}

async function keyOf(secret: string): Promise<Key> {
  if (secret.startsWith("whsk_")) {
    throw new TypeError("whsk_ is the private key with which the server signs: give the endpoint's public_key, whpk_….");
  }
  const [, prefix, encoded] = /^(whsec_|whpk_)(.+)$/.exec(secret.trim()) ?? [];
  const bytes = encoded === undefined ? undefined : decoded(encoded);
  if (bytes === undefined || (prefix === "whpk_" && bytes.length !== 32)) {
    throw new TypeError("The secret of a webhook begins with whsec_, or with whpk_ for a public key, followed by base64.");
  }
  const crypto = await subtle();
  if (prefix === "whpk_") {
    const key = await crypto.importKey("raw", bytes, "Ed25519", false, ["verify"]);
    return { scheme: "v1a", algorithm: "Ed25519", key };
  }
  const key = await crypto.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  return { scheme: "v1", algorithm: "HMAC", key };
}

/** Return WebCrypto, which Node 18 has only in a module. */
async function subtle(): Promise<SubtleCrypto> {
  if (globalThis.crypto?.subtle) return crypto.subtle;
  const module = "node:crypto"; // not a literal: bundlers for browsers would look for it
  const found = (await import(/* @vite-ignore */ module)) as { webcrypto: Crypto };
  return found.webcrypto.subtle;
}

function header(headers: ReceivedHeaders, name: string): string | undefined {
  if (typeof headers.get === "function") return (headers as Headers).get(name) ?? undefined;
  for (const [given, value] of Object.entries(headers)) {
    if (given.toLowerCase() === name) return Array.isArray(value) ? value.join(" ") : value;
  }
  return undefined;
}

function decoded(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

function parsed(raw: Uint8Array): WebhookEvent {
  try {
    return JSON.parse(new TextDecoder().decode(raw)) as WebhookEvent;
  } catch {
    throw new InvalidSignature("The body is not JSON.");
  }
}
