import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Connections } from "../server/connections.ts";
import type { Admission } from "../gate/gate.ts";
import { isLoopbackName, parseAuthority } from "../net/authority.ts";
import { refuse, type Refusal } from "../errors.ts";
import type { Outcomes } from "../outcome/outcomes.ts";
import type { ReachabilityMonitor } from "../upstream/reachability.ts";
import { VERSION } from "../version.ts";
import { OutcomeFollowers } from "./follow.ts";
import { METRICS_TYPE, OutcomeMetrics } from "../outcome/metrics.ts";

const PREFIX = "/__shim__";

/** What the pages tell about. */
export interface StatusSources {
  readonly monitor: ReachabilityMonitor;
  readonly outcomes: Outcomes;
  readonly connections: Connections;
  /** Asks anew whether the gateway is there; the monitor hears of it. */
  readonly probe: () => Promise<void>;
}

/** The shim's own pages, under `/__shim__/`. */
export interface Status {
  /** Answers, or says why not. */
  answer(request: IncomingMessage, response: ServerResponse, admission: Admission): Refusal | undefined;
  /** Ends what would never end by itself. */
  close(): void;
}

/** Answers one path, or says why not. */
type Page = (request: IncomingMessage, response: ServerResponse) => Refusal | undefined | Promise<undefined>;

/** Whether a request target is the shim's own: never forwarded, whatever follows. */
export function isStatusPath(url: string): boolean {
  return /^\/__shim__(?:[/?#]|$)/.test(url);
}

/** Makes the pages of one shim. They are for this machine only: loopback names, and no foreign origin. */
export function createStatus(sources: StatusSources): Status {
  const { monitor, outcomes, probe, connections } = sources;
  const metrics = new OutcomeMetrics();
  const followers = new OutcomeFollowers(outcomes);
  outcomes.on("settled", ({ outcome }) => metrics.note(outcome));

  const pages: Readonly<Record<string, Page>> = {
    "": (_request, response) => {
      send(response, 308, "text/plain; charset=utf-8", "", { Location: `${PREFIX}/` });
      return undefined;
    },
    "/": async (_request, response) => {
      const { PAGE, PAGE_HEADERS } = await import("./page/page.ts");
      send(response, 200, "text/html; charset=utf-8", PAGE, PAGE_HEADERS);
      return undefined;
    },
    "/health": async (_request, response) => {
      await probe();
      const { state, since, failure } = monitor.now;
      const up = state === "up";
      sendJson(response, up ? 200 : 503, {
        status: up ? "ok" : "gateway-down",
        version: VERSION,
        gateway: { reachable: up, since, ...(failure && { reason: failure.code }) },
        open: connections.slotsInUse,
        lastOutcome: outcomes.recent.at(-1) ?? null,
      });
      return undefined;
    },
    "/outcomes": ({ headers, method }, response) => {
      if (method === "HEAD" || !/\btext\/event-stream\b/i.test(headers.accept ?? "")) {
        sendJson(response, 200, outcomes.recent);
        return undefined;
      }
      if (followers.full) return refuse("too_many_followers");
      followers.add(response, outcomes.recent);
      return undefined;
    },
    "/metrics": (_request, response) => {
      const gatewayUp = monitor.now.state === "up";
      const text = metrics.text({
        connections: connections.slotsInUse,
        gatewayUp,
        bytes: connections.traffic(),
      });
      send(response, 200, METRICS_TYPE, text);
      return undefined;
    },
  };

  return {
    answer(request, response, admission) {
      const host = request.headers.host ?? "";
      const name = parseAuthority(host)?.name;
      if (name === undefined || !isLoopbackName(name)) return refuse("page_not_local", host);
      if (admission.origin === "foreign") return refuse("origin_not_allowed", request.headers.origin);
      if (admission.origin === "absent" && isForeign(request.headers)) {
        return refuse("foreign_site", request.headers["sec-fetch-site"]);
      }
      if (request.method !== "GET" && request.method !== "HEAD") {
        return refuse("method_not_allowed", request.method);
      }
      const [path = ""] = (request.url ?? "").split(/[?#]/, 1);
      const page = path.slice(PREFIX.length);
      if (!Object.hasOwn(pages, page)) return refuse("not_found", path);
      const answered = pages[page]?.(request, response);
      if (!(answered instanceof Promise)) return answered;
      void answered.catch(() => response.destroy());
      return undefined;
    },
    close: () => followers.close(),
  };
}

/**
 * Whether another site's page asks, which need not say its Origin (`fetch` with `no-cors`, an image): it could read
 * nothing, but take the places of followers. A link that is followed to here is its user's doing (Fetch Metadata).
 */
function isForeign(headers: IncomingHttpHeaders): boolean {
  const { "sec-fetch-site": site, "sec-fetch-dest": destination } = headers;
  return (site === "cross-site" || site === "same-site") && destination !== "document";
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, "application/json; charset=utf-8", `${JSON.stringify(value)}\n`);
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...headers,
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(body);
}
