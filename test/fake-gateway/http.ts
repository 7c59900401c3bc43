import type { IncomingMessage, ServerResponse } from "node:http";

/** A request as the fake gateway received it, for tests of what reached the gateway. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string;
}

/** OpenClaw 2026.8 and later, `server-http-upgrades.ts` and `http-common.ts`. */
const PROXY_REFUSED = JSON.stringify({
  error: {
    message:
      "Proxy client attribution is required. Configure gateway.trustedProxies narrowly and make the proxy overwrite or safely rebuild forwarded client headers.",
    type: "proxy_attribution_required",
  },
});

const JSON_TYPE = "application/json; charset=utf-8";
const HEALTH_PATHS = ["/health", "/healthz"];

/** The response that refuses an upgrade with 403. The connection closes after it. */
export const REFUSED_UPGRADE = [
  "HTTP/1.1 403 Forbidden",
  `Content-Type: ${JSON_TYPE}`,
  `Content-Length: ${Buffer.byteLength(PROXY_REFUSED)}`,
  "Connection: close",
  "",
  PROXY_REFUSED,
].join("\r\n");

/** OpenClaw `server-http`: while too many WebSockets wait for hello-ok. The connection closes after it. */
export const TOO_MANY_SOCKETS = [
  "HTTP/1.1 503 Service Unavailable",
  "Connection: close",
  "Content-Type: text/plain; charset=utf-8",
  "Content-Length: 32",
  "",
  "Too many unauthenticated sockets",
].join("\r\n");

/** What decides a response, besides the request. */
interface HttpFacts {
  readonly release: string;
  readonly refused: boolean;
  readonly buildId: string | undefined;
  /** True if this caller gets the canvas without a token. */
  readonly canvas: boolean;
}

/**
 * Responds to plain HTTP: `/health` for every client (2026.2.19 has no such route and sends its page), then 403 if the
 * request is refused, then `/` (a page with its build id, if it has one), the canvas (401 for most), `/tools/invoke` (405
 * unless POST), `/echo` (returns the body), `/seen` (the request as JSON), else 404.
 */
export function respondHttp(
  request: IncomingMessage,
  response: ServerResponse,
  { refused, buildId, canvas, release }: HttpFacts,
): void {
  const { pathname } = new URL(request.url ?? "/", "http://fake-gateway");
  response.setHeader("X-Content-Type-Options", "nosniff");
  if (HEALTH_PATHS.includes(pathname)) {
    if (release === "2026.2.19") return send(response, 200, "text/html; charset=utf-8", page(undefined));
    return send(response, 200, JSON_TYPE, JSON.stringify({ ok: true, status: "live" }));
  }
  if (refused) return send(response, 403, JSON_TYPE, PROXY_REFUSED);
  switch (pathname) {
    case "/":
      return send(response, 200, "text/html; charset=utf-8", page(buildId));
    case "/__openclaw__/canvas/":
      return send(response, canvas ? 200 : 401, "text/html; charset=utf-8", "");
    case "/tools/invoke":
      response.setHeader("Allow", "POST");
      return send(response, 405, "text/plain; charset=utf-8", "Method Not Allowed");
    case "/echo":
      response.setHeader("Content-Type", request.headers["content-type"] ?? "application/octet-stream");
      request.pipe(response);
      return undefined;
    case "/seen":
      return send(response, 200, JSON_TYPE, JSON.stringify(seen(request)));
    default:
      return send(response, 404, "text/plain; charset=utf-8", "Not Found");
  }
}

/** Returns what is recorded of a request. */
export function seen({ method = "", url = "", rawHeaders, socket }: IncomingMessage): SeenRequest {
  return { method, url, rawHeaders, remoteAddress: socket.remoteAddress ?? "" };
}

/** OpenClaw `control-ui-root-assets.ts`: since 2026.9 the page contains its build id. */
function page(buildId: string | undefined): string {
  const build = buildId === undefined ? "" : ` data-openclaw-control-ui-build-id="${buildId}"`;
  return `<!doctype html><html${build}><title>OpenClaw Control</title></html>\n`;
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}
