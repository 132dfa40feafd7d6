// A server that sends the responses of a script: [status, body, headers] each, or null to drop the connection.
import { createServer } from "node:http";

export async function scripted() {
  const requests = [];
  let script = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    requests.push({ method: request.method, path: request.url, headers: request.headers, body });
    const next = script.shift();
    if (next === null) return request.socket.resetAndDestroy();
    const [status, content, headers] = Array.isArray(next) ? next : [200, next, {}];
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(typeof content === "string" ? content : JSON.stringify(content));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    sends: (...responses) => (script = responses),
    keys: () => requests.map(({ headers }) => headers["idempotency-key"]),
    close: () => server.close(),
  };
}
