// Receive webhooks with Express and the TypeScript client: `CALLBACK_SECRET=whsec_… PORT=9000 node server.mjs`
import { InvalidSignature, verifyWebhook } from "@answerback/client";
import express from "express";

const app = express();

// The ids of processed webhooks. Keep them in your database, with a unique index: the same one can arrive twice.
const processed = new Set();

// `raw` keeps the body as it was signed; express.json() would not.
app.post("/answerback", express.raw({ type: "application/json" }), async (request, response) => {
  let webhook;
  try {
    webhook = await verifyWebhook(request.body, request.headers, process.env.CALLBACK_SECRET);
  } catch (error) {
    if (error instanceof InvalidSignature) return response.status(401).send(error.message);
    throw error;
  }
  // Respond within 20 seconds: do longer work afterwards.
  response.status(204).end();
  if (processed.has(webhook.id)) return;
  processed.add(webhook.id);
  const { event } = webhook;
  // A large payload lacks all but ids and states: retrieve the rest.
  if (event.data?.truncated) console.log(event.type, "in short");
  else if (event.type === "message.answered") console.log("answered:", event.data.message?.reply?.text);
  else if (event.type === "message.handed_off") console.log("for a human:", event.data.message?.handoff?.summary);
  else console.log(event.type);
});

app.listen(Number(process.env.PORT ?? 9000), "127.0.0.1");
