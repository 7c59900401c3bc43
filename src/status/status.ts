import type { IncomingMessage, ServerResponse } from "node:http";
import type { Admission } from "../gate/gate.ts";
import { isLoopbackName, parseAuthority } from "../gate/host.ts";
import type { ConnectionLimit } from "../gate/limits.ts";
import { refuse, type Refusal } from "../gate/refusal.ts";
import type { Reporter } from "../pairing/report.ts";
import type { ReachabilityMonitor } from "../relay/reachability.ts";
import { VERSION } from "../version.ts";

const PREFIX = "/__shim__";

/** What the pages tell about. */
export interface StatusSources {
  readonly monitor: ReachabilityMonitor;
  readonly reporter: Reporter;
  readonly limit: ConnectionLimit;
  /** Asks anew whether the gateway is there; the monitor hears of it. */
  readonly probe: () => Promise<void>;
}

/** The shim's own pages, under `/__shim__/`. */
export interface Status {
  /** Answers, or says why not. */
  answer(request: IncomingMessage, response: ServerResponse, admission: Admission): Refusal | undefined;
}

/** Whether a request target is the shim's own: never forwarded, whatever follows. */
export function isStatusPath(url: string): boolean {
  return /^\/__shim__(?:[/?#]|$)/.test(url);
}

/** Makes the pages of one shim. They are for this machine only: loopback names, and no foreign origin. */
export function createStatus({ monitor, reporter, limit, probe }: StatusSources): Status {
  const pages: Readonly<Record<string, (response: ServerResponse) => void | Promise<void>>> = {
    "/health": async (response) => {
      await probe();
      const { state, since, failure } = monitor.now;
      const up = state === "up";
      sendJson(response, up ? 200 : 503, {
        status: up ? "ok" : "gateway-down",
        version: VERSION,
        gateway: { reachable: up, since, ...(failure && { reason: failure.code }) },
        open: limit.open,
        lastOutcome: reporter.recent.at(-1) ?? null,
      });
    },
    "/outcomes": (response) => sendJson(response, 200, reporter.recent),
  };

  return {
    answer(request, response, admission) {
      const host = request.headers.host ?? "";
      const name = parseAuthority(host)?.name;
      if (name === undefined || !isLoopbackName(name)) return refuse("host_not_allowed", host);
      if (admission.origin === "foreign") return refuse("origin_not_allowed", request.headers.origin);
      if (request.method !== "GET") return refuse("method_not_allowed", request.method);
      const [path = ""] = (request.url ?? "").split(/[?#]/, 1);
      const page = path.slice(PREFIX.length);
      if (!Object.hasOwn(pages, page)) return refuse("not_found", path);
      void Promise.resolve(pages[page]?.(response)).catch(() => response.destroy());
      return undefined;
    },
  };
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(body);
}
