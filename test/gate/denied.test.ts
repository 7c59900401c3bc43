import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Connections } from "../../src/server/connections.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { startCeilingBench } from "../ceiling/bench.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { OK, startRecorder } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

interface Denied {
  readonly settings?: Partial<Settings>;
  readonly request?: string;
}

/** The one reason that a request gets after the 101. */
const CEILING = "scope_ceiling";
/** Tested in test/advisory/CWE-410-held-slots.test.ts: it takes other clients. */
const EVICTED = "evicted";
/** Tested in test/advisory/CWE-770-socket-buffers.test.ts. */
const MEMORY_LIMIT = "memory_limit";
const connections = Connections.prototype;
const { add } = connections;
const SLOW = "GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

/** One request for a WebSocket for each reason of `denied`. */
const DENIED: Readonly<Record<string, Denied>> = {
  peer_not_allowed: {},
  host_not_allowed: { request: upgradeRequest(["Origin: http://a.example"], "/", "a.example") },
  origin_not_allowed: { request: upgradeRequest(["Origin: http://localhost:1", "Via: 1.1 a"]) },
  origin_malformed: { request: upgradeRequest(["Origin: a.example"]) },
  forwarded_rejected: { settings: { forwarded: "reject" }, request: upgradeRequest(["Via: 1.1 a"]) },
  forwarded_public: {
    settings: { forwarded: "private" },
    request: upgradeRequest(["X-Forwarded-For: 203.0.113.7"]),
  },
  credential_required: { request: upgradeRequest(["Via: 1.1 a"], "/__openclaw__/ws") },
  local_only: { request: upgradeRequest(["Via: 1.1 a"], "/ready") },
  too_many_connections: { settings: { maxConnections: 1 } },
  draining: { settings: { drain: 5_000 } },
  malformed_request: { request: upgradeRequest(["Host: twice"]) },
  header_too_large: { request: upgradeRequest(Array.from({ length: 300 }, () => "a: 1")) },
  not_found: { request: upgradeRequest([], "/__shim__/health") },
  upgrade_not_websocket: { request: upgradeRequest().replace("Upgrade: websocket", "$&, h2c") },
  upgrade_incomplete: { request: upgradeRequest().replace("Connection: Upgrade\r\n", "") },
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the outcome denied", () => {
  it("has the reasons that docs/outcomes.md lists for it, and no other", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/outcomes.md"), "utf8");
    const [, section = ""] = page.split("\n## Denied by the shim\n");
    const rows = (section.split("\n## ", 1)[0] ?? "").matchAll(/^\| `(\w+)`/gm);
    expect([...rows].map(([, code = ""]) => code).toSorted()).toEqual(
      [...Object.keys(DENIED), CEILING, EVICTED, MEMORY_LIMIT].toSorted(),
    );
  });

  it(`has the reason ${CEILING}`, async () => {
    const { shim, through } = await startCeilingBench("2026.2.19", ["operator.read"]);
    await through({ scopes: ["operator.admin"] });
    expect(await shim.outcome()).toMatchObject({ outcome: "denied", reason: CEILING });
  });

  it.each(Object.entries(DENIED))("has the reason %s", async (reason, { settings, request }) => {
    const gateway = await startRecorder(() => "");
    const shim = await openShimFor(gateway, settings);
    const slow = rawClient(shim.port, SLOW);
    await gateway.until((bytes) => bytes.includes("/slow"));
    if (reason === "peer_not_allowed")
      vi.spyOn(connections, "add").mockImplementation(function (this: Connections, socket, onClose) {
        Object.defineProperty(socket, "remoteAddress", { value: "192.0.2.7" });
        return add.call(this, socket, onClose);
      });
    let client = rawClient(shim.port);
    if (reason === "draining") {
      // The drain ends idle connections; a client may be faster.
      vi.spyOn(connections, "destroyIdle").mockReturnValue();
      void shim.close();
      gateway.reply(OK);
      await slow.until((text) => text.endsWith("ok"));
      client = slow;
    }
    client.socket.write(request ?? upgradeRequest());
    expect(await shim.outcome()).toMatchObject({ outcome: "denied", reason });
    for (const { socket } of [slow, client]) socket.destroy();
  });
});
