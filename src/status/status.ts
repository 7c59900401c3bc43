import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { connectAdvice, refuse, type Refusal } from "../errors.ts";
import type { Admission } from "../gate/gate.ts";
import { isLoopbackName, parseAuthority } from "../net/authority.ts";
import type { Outcomes } from "../outcome/outcomes.ts";
import type { GatewayMonitor, Reachability } from "../upstream/gateway-monitor.ts";
import { shownPath } from "../text/printable.ts";
import { VERSION } from "../version.ts";
import { newest, OutcomeFollowers } from "./follow.ts";
import { METRICS_TYPE, metricsText, type MetricSources } from "./metrics-text.ts";

/** Bytes of responses that clients have not read, which need no slot; beyond it the oldest are broken off. */
const UNREAD_LIMIT = 8 * 1024 * 1024;

/** How long a response waits for the gateway's, in ms: those who ask have deadlines, too. */
const PROBE_WAIT_MS = 1_500;
/** The same for a liveness probe, whose deadline may be a second. */
const ALIVE_WAIT_MS = 500;

/** The parts of a shim whose state the status pages show. */
export interface StatusSources extends MetricSources {
  readonly monitor: GatewayMonitor;
  readonly outcomes: Outcomes;
}

/** The shim's own pages, under `/__shim__/`. */
export class Status {
  readonly #sources: StatusSources;
  readonly #followers: OutcomeFollowers;
  /** The page's requests carry it. No other page can read it, not even one that the gateway serves on this origin. */
  readonly #token = randomBytes(16).toString("hex");
  /** Responses that are not sent yet, oldest first, and their sizes. */
  readonly #unread = new Map<ServerResponse, number>();

  constructor(sources: StatusSources) {
    this.#sources = sources;
    this.#followers = new OutcomeFollowers(sources.outcomes);
  }

  /** Sends the response, or returns a refusal. */
  async respond(
    request: IncomingMessage,
    response: ServerResponse,
    admission: Admission,
  ): Promise<Refusal | undefined> {
    const refusal = refusalFor(request, admission, this.#token);
    if (refusal) return refusal;
    const { outcomes, metrics } = this.#sources;
    const [path = ""] = (request.url ?? "").split(/[?#]/, 1);
    switch (path) {
      case "/__shim__":
        return this.#send(response, 308, "text/plain; charset=utf-8", "", { Location: "/__shim__/" });
      case "/__shim__/": {
        // Loaded when it is first requested.
        const { pageWith, PAGE_HEADERS } = await import("./page/page.ts");
        return this.#send(response, 200, "text/html; charset=utf-8", pageWith(this.#token), PAGE_HEADERS);
      }
      case "/__shim__/health":
        return this.#sendReadiness(response, {
          clients: metrics.clients,
          lastOutcome: outcomes.recent.at(-1) ?? null,
        });
      case "/__shim__/outcomes":
        return wantsStream(request)
          ? this.#followers.add(response, outcomes.recent)
          : this.#sendJson(
              response,
              200,
              `[${newest(outcomes.recent, (outcome) => JSON.stringify(outcome)).join(",")}]`,
            );
      case "/__shim__/metrics":
        return this.#sendMetrics(response);
      default:
        return refuse("not_found", path);
    }
  }

  /** Sends the response of `--metrics-listen`, or returns a refusal. Nothing in it is about one client or request. */
  async respondToAnybody(
    { method, url = "" }: IncomingMessage,
    response: ServerResponse,
  ): Promise<Refusal | undefined> {
    if (method !== "GET" && method !== "HEAD") return refuse("method_not_allowed", method);
    // One request a connection: none is idle.
    response.setHeader("Connection", "close");
    switch (url) {
      case "/health":
        // The shim is alive, whatever the gateway does.
        return this.#sendJson(response, 200, JSON.stringify(await this.#health(ALIVE_WAIT_MS)));
      case "/health?gateway":
        return this.#sendReadiness(response);
      case "/metrics":
        return this.#sendMetrics(response);
      default:
        return notForAnybody(url);
    }
  }

  /** Ends the event streams. */
  close(): void {
    this.#followers.close();
  }

  async #sendMetrics(response: ServerResponse): Promise<undefined> {
    const { state } = await probed(this.#sources.monitor);
    return this.#send(response, 200, METRICS_TYPE, metricsText(this.#sources, state === "up"));
  }

  async #sendReadiness(response: ServerResponse, more = {}): Promise<undefined> {
    const health = await this.#health();
    return this.#sendJson(
      response,
      health.gateway.reachable ? 200 : 503,
      JSON.stringify({ ...health, ...more }),
    );
  }

  async #health(waitMs?: number) {
    const { monitor, connections } = this.#sources;
    const { state, since, lastResponse, failure } = await probed(monitor, waitMs);
    const { code: reason } = failure ?? {};
    const advice = reason === undefined ? {} : connectAdvice(reason);
    const up = state === "up";
    return {
      status: up ? "ok" : "gateway-down",
      version: VERSION,
      gateway: { reachable: up, state, since, lastResponse, reason, ...advice },
      open: connections.slots.used,
    };
  }

  #sendJson(response: ServerResponse, status: number, json: string): undefined {
    return this.#send(response, status, "application/json; charset=utf-8", `${json}\n`);
  }

  #send(
    response: ServerResponse,
    status: number,
    type: string,
    body: string,
    headers: Readonly<Record<string, string>> = {},
  ): undefined {
    const bytes = Buffer.from(body);
    response.writeHead(status, {
      ...headers,
      "Content-Type": type,
      "Content-Length": bytes.length,
      "Cache-Control": "no-store",
      // A page that opens one of these in a window cannot read it there.
      "Cross-Origin-Opener-Policy": "same-origin",
      "X-Frame-Options": "DENY",
      "X-Content-Type-Options": "nosniff",
    });
    response.end(bytes);
    this.#unread.set(response, bytes.length);
    response.once("close", () => this.#unread.delete(response));
    let excess = -UNREAD_LIMIT;
    for (const length of this.#unread.values()) excess += length;
    for (const [oldest, length] of this.#unread) {
      if (excess <= 0) break;
      oldest.destroy();
      this.#unread.delete(oldest);
      excess -= length;
    }
  }
}

/** Returns the refusal of another path than those of `--metrics-listen`. */
export function notForAnybody(url = ""): Refusal {
  const fix = "use /health, /health?gateway or /metrics here; tools connect to an address of --listen";
  return { ...refuse("not_found", shownPath(url)), fix };
}

/** Probes the gateway and returns what is then known. A gateway that does not respond in time is not up. */
async function probed(monitor: GatewayMonitor, waitMs = PROBE_WAIT_MS): Promise<Reachability> {
  const isLate = await Promise.race([monitor.probe(), sleep(waitMs, true, { ref: false })]);
  if (!isLate || monitor.now.failure) return monitor.now;
  const failure = { code: "TIMEOUT", message: `no response within ${waitMs} ms` };
  return { ...monitor.now, state: "down", since: new Date(), failure };
}

/**
 * The pages are for GET requests from this machine by loopback names. Every page that a browser shows is denied, also
 * those that the gateway serves on this origin; allowed are a tab of its own and the requests of the page there. A
 * request without Fetch Metadata and Origin does not come from a browser (W3C Fetch Metadata; all browsers since 2023).
 */
function refusalFor(
  { headers, method, url = "" }: IncomingMessage,
  { origin }: Admission,
  token: string,
): Refusal | undefined {
  const { host = "", "sec-fetch-site": site, "sec-fetch-dest": destination } = headers;
  const name = parseAuthority(host)?.name;
  if (name === undefined || !isLoopbackName(name)) return refuse("page_not_local", host);
  if (origin === "foreign") return refuse("origin_not_allowed", headers.origin);
  const isBrowser = (site ?? destination) !== undefined || origin === "own";
  if (isBrowser && destination !== "document" && !url.endsWith(`?token=${token}`))
    return refuse("foreign_site", site);
  return method === "GET" || method === "HEAD" ? undefined : refuse("method_not_allowed", method);
}

function wantsStream({ headers, method }: IncomingMessage): boolean {
  return method === "GET" && /\btext\/event-stream\b/i.test(headers.accept ?? "");
}
