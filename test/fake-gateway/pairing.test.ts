import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { FAKE_RELEASES } from "./behaviors.ts";
import type { FakeRelease } from "./behaviors.ts";
import { startFakeGateway } from "./server.ts";
import type { FakeGateway } from "./server.ts";

/** Makes a client remote before 2026.8; 2026.9 refuses it before it stores a request. */
const NOT_LOCAL = { "X-Forwarded-For": "203.0.113.7" };
const FIVE_MINUTES_MS = 300_000;
const CLIENTS = [
  { what: "cli", client: { id: "cli", mode: "cli" } },
  { what: "backend", client: { id: "gateway-client", mode: "backend" } },
  { what: "macOS app", client: { id: "openclaw-macos", mode: "ui" } },
  { what: "node", client: { id: "node-host", mode: "node" }, role: "node", scopes: [] },
  {
    what: "Control UI",
    client: { id: "openclaw-control-ui", mode: "webchat", buildId: "dev" },
    origin: "http://127.0.0.1:1",
  },
];

function scopeUpgradeRefused(release: FakeRelease): object {
  const details = release === "2026.2.19" ? {} : { code: "PAIRING_REQUIRED", reason: "scope-upgrade" };
  return {
    error: { code: "NOT_PAIRED", message: "pairing required", details },
    close: { code: 1008, reason: "pairing required" },
  };
}

/** docs/gateway.md section 2. */
describe.each(FAKE_RELEASES)("on a clean connection at %s", (release: FakeRelease) => {
  const rules = {
    refusesScopeUpgrade: release === "2026.2.19" || release === "2026.4.5",
    staysStale: release !== "2026.9.6",
  };
  let gateway: FakeGateway;
  beforeAll(async () => {
    gateway = await startFakeGateway({ release, token: "t" });
  });
  afterAll(() => gateway.close());

  it.each(CLIENTS)("pairs a new $what silently", async ({ what: _what, ...who }) => {
    const result = await handshake({ url: gateway.url, token: "t", device: createDevice(), ...who });
    expect(result).toMatchObject({ ok: true });
    expect(gateway.pairing.pending).toEqual([]);
  });

  it(`${rules.refusesScopeUpgrade ? "refuses" : "grants"} a scope upgrade`, async () => {
    const device = createDevice();
    await handshake({ url: gateway.url, token: "t", device, scopes: ["operator.read"] });
    const result = await handshake({ url: gateway.url, token: "t", device, scopes: ["operator.admin"] });
    expect(result).toMatchObject(rules.refusesScopeUpgrade ? scopeUpgradeRefused(release) : { ok: true });
  });

  it(`${rules.staysStale ? "still refuses" : "pairs"} a device whose first attempt was not local`, async () => {
    const device = createDevice();
    const first = await handshake({ url: gateway.url, token: "t", device, headers: NOT_LOCAL });
    const second = await handshake({ url: gateway.url, token: "t", device });
    expect(first).toMatchObject(rules.staysStale ? { close: { code: 1008 } } : { http: { status: 403 } });
    expect(second).toMatchObject(rules.staysStale ? { ok: false, close: { code: 1008 } } : { ok: true });
    const ids = [first, second].map((result) =>
      result.ok ? undefined : result.error?.details?.["requestId"],
    );
    expect(ids[0]).toBe(ids[1]);
  });

  it("pairs it after the pending request has expired", async () => {
    const device = createDevice();
    await handshake({ url: gateway.url, token: "t", device, headers: NOT_LOCAL });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + FIVE_MINUTES_MS + 1 });
    const result = await handshake({ url: gateway.url, token: "t", device });
    vi.useRealTimers();
    expect(result).toMatchObject({ ok: true });
  });
});

describe("2026.9.6", () => {
  it("pairs no device silently if autoApproveLocal is off", async () => {
    const gateway = await startFakeGateway({ release: "2026.9.6", token: "t", autoApproveLocal: false });
    const device = createDevice();
    const result = await handshake({ url: gateway.url, token: "t", device });
    const [pending] = gateway.pairing.pending;
    await gateway.close();
    expect(result).toMatchObject({
      error: {
        code: "NOT_PAIRED",
        message: "pairing required: device is not approved yet",
        details: {
          code: "PAIRING_REQUIRED",
          reason: "not-paired",
          deviceId: device.id,
          requestId: pending?.requestId,
        },
      },
      close: {
        code: 1008,
        reason: `pairing required: device is not approved yet (requestId: ${pending?.requestId})`,
      },
    });
  });

  it("keeps the pending request of a page stale", async () => {
    const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
    const device = createDevice();
    await handshake({ url: gateway.url, token: "t", device, origin: "http://127.0.0.1:1" });
    expect(await handshake({ url: gateway.url, token: "t", device })).toMatchObject({
      close: { code: 1008 },
    });
    await gateway.close();
  });
});
