import type { IncomingMessage, ServerResponse } from "node:http";
import { holds } from "../../src/openclaw/releases.ts";
import type { FakeRelease } from "./behaviors.ts";

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

/** OpenClaw `server-http`: while too many WebSockets wait for hello-ok. */
const TOO_MANY_SOCKETS = [
  "HTTP/1.1 503 Service Unavailable",
  "Connection: close",
  "Content-Type: text/plain; charset=utf-8",
  "Content-Length: 32",
  "",
  "Too many unauthenticated sockets",
].join("\r\n");

/** How the gateway judges a request. */
export interface HttpFacts {
  readonly release: FakeRelease;
  readonly token: string;
  /** The request is refused with 403. */
  readonly refused: boolean;
  readonly local: boolean;
}

const REFUSED_UPGRADE = [
  "HTTP/1.1 403 Forbidden",
  `Content-Type: ${JSON_TYPE}`,
  `Content-Length: ${Buffer.byteLength(PROXY_REFUSED)}`,
  "Connection: close",
  "",
  PROXY_REFUSED,
].join("\r\n");

/**
 * Responds to plain HTTP: `/health` for every client (2026.2.19 has no such route and sends its page); a page of the
 * `diffs` plugin, which judges for itself; then 403 if the request is refused; then the canvas, `/ready` and `/startup`
 * (docs/gateway.md section 4), `/` (a page with its build id, if it has one), `/tools/invoke` (405 unless POST), `/echo`
 * (returns the body), `/seen` (the request as JSON), else 404.
 */
export function respondHttp(request: IncomingMessage, response: ServerResponse, facts: HttpFacts): void {
  const { release, refused, local } = facts;
  const pathname = scopedPath(request);
  response.setHeader("X-Content-Type-Options", "nosniff");
  if (HEALTH_PATHS.includes(pathname)) {
    if (release === "2026.2.19") return send(response, 200, "text/html; charset=utf-8", page(release));
    return send(response, 200, JSON_TYPE, JSON.stringify({ ok: true, status: "live" }));
  }
  if (pathname.startsWith("/plugins/diffs/view/")) {
    const remote = request.headers["x-forwarded-for"] !== undefined;
    return send(
      response,
      remote ? 404 : 200,
      "text/html; charset=utf-8",
      remote ? "Diff not found" : "a diff",
    );
  }
  if (refused) return send(response, 403, JSON_TYPE, PROXY_REFUSED);
  if (isCanvasPath(pathname)) {
    const allowed = mayUseCanvas(request, facts);
    if (!allowed) return send(response, 401, JSON_TYPE, '{"error":{"type":"unauthorized"}}');
    return send(response, 200, "text/html; charset=utf-8", "<title>OpenClaw Canvas</title>");
  }
  if (/^\/readyz?$/.test(pathname) && release !== "2026.2.19") {
    const details = local ? { failing: [], uptimeMs: 1 } : {};
    return send(response, 200, JSON_TYPE, JSON.stringify({ ready: true, ...details }));
  }
  if (/^\/startupz?$/.test(pathname) && release === "2026.9.6") {
    const details = local ? { version: release, uptimeMs: 1 } : {};
    return send(response, 200, JSON_TYPE, JSON.stringify({ ok: true, status: "started", ...details }));
  }
  switch (pathname) {
    case "/":
      return send(response, 200, "text/html; charset=utf-8", page(release));
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

/** Returns the path that is served: without a capability's (OpenClaw `normalizeCanvasScopedUrl`). */
export function scopedPath({ url = "/" }: IncomingMessage): string {
  const base = "http://fake-gateway";
  const { pathname } = new URL(url, base);
  const [, scoped] = /^\/__openclaw__\/cap\/[^/]+(\/.*)$/.exec(pathname) ?? [];
  return scoped === undefined ? pathname : new URL(scoped, base).pathname;
}

/**
 * Returns the response to an upgrade that is refused: 403, 401 for the canvas's reloading, or 503 if too many WebSockets
 * wait for hello-ok. The connection closes after it.
 */
export function refuseUpgrade(
  request: IncomingMessage,
  facts: HttpFacts,
  isFull: boolean,
): string | undefined {
  if (facts.refused) return REFUSED_UPGRADE;
  if (scopedPath(request) === "/__openclaw__/ws" && !mayUseCanvas(request, facts)) {
    return "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n";
  }
  return isFull ? TOO_MANY_SOCKETS : undefined;
}

/** Returns true if a request may use the canvas: with the token, or on one release if it is local. */
function mayUseCanvas({ headers }: IncomingMessage, { release, token, local }: HttpFacts): boolean {
  return (local && holds("canvasWithoutToken", release)) || headers.authorization === `Bearer ${token}`;
}

function isCanvasPath(pathname: string): boolean {
  return /^\/__openclaw__\/(?:(?:a2ui|canvas)(?:\/|$)|ws$)/.test(pathname);
}

/** Returns what is recorded of a request. */
export function seen({ method = "", url = "", rawHeaders, socket }: IncomingMessage): SeenRequest {
  return { method, url, rawHeaders, remoteAddress: socket.remoteAddress ?? "" };
}

/** OpenClaw `control-ui-root-assets.ts`: since 2026.9 the page contains its build id. */
function page(release: FakeRelease): string {
  const build = release === "2026.9.6" ? ` data-openclaw-control-ui-build-id="${release}"` : "";
  return `<!doctype html><html${build}><title>OpenClaw Control</title></html>\n`;
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}
