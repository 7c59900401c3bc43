import type { IncomingMessage, ServerResponse } from "node:http";

/** A request as the stand-in received it, for tests of what reached the gateway. */
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
const TEXT_TYPE = "text/plain; charset=utf-8";
const PROBES: Readonly<Record<string, string>> = { "/health": "live", "/healthz": "live" };

/** The head and body that refuse an upgrade with 403, after which the connection closes. */
export function refusedUpgrade(): string {
  return [
    "HTTP/1.1 403 Forbidden",
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${Buffer.byteLength(PROXY_REFUSED)}`,
    "Connection: close",
    "",
    PROXY_REFUSED,
  ].join("\r\n");
}

/**
 * Answers plain HTTP: `/health` whoever asks, then 403 for what the release refuses to attribute, then `/` (a page that
 * says its build, if it has one), `/echo` (the body back, whatever the method), `/seen` (the request itself as JSON),
 * else 404.
 */
export function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  { refused, buildId }: { readonly refused: boolean; readonly buildId: string | undefined },
): void {
  const { pathname } = new URL(request.url ?? "/", "http://stand-in");
  response.setHeader("X-Content-Type-Options", "nosniff");
  const status = PROBES[pathname];
  if (status !== undefined) return send(response, 200, JSON_TYPE, JSON.stringify({ ok: true, status }));
  if (refused) return send(response, 403, JSON_TYPE, PROXY_REFUSED);
  switch (pathname) {
    case "/":
      return send(response, 200, "text/html; charset=utf-8", page(buildId));
    case "/echo":
      response.writeHead(200, {
        "Content-Type": request.headers["content-type"] ?? "application/octet-stream",
      });
      request.pipe(response);
      return undefined;
    case "/seen":
      return send(response, 200, JSON_TYPE, JSON.stringify(seen(request)));
    default:
      return send(response, 404, TEXT_TYPE, "Not Found");
  }
}

/** What is remembered of a request. */
export function seen(request: IncomingMessage): SeenRequest {
  return {
    method: request.method ?? "",
    url: request.url ?? "",
    rawHeaders: request.rawHeaders,
    remoteAddress: request.socket.remoteAddress ?? "",
  };
}

/** OpenClaw `control-ui-root-assets.ts`: since 2026.9 the page says which build it is of. */
function page(buildId: string | undefined): string {
  const build = buildId === undefined ? "" : ` data-openclaw-control-ui-build-id="${buildId}"`;
  return `<!doctype html><html${build}><title>OpenClaw Control</title></html>\n`;
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}
