import { describe, expect, it } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { holds } from "../../src/openclaw/releases.ts";
import { OPERATOR_SCOPES } from "../../src/openclaw/scopes.ts";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";
import { startCeilingBench } from "./bench.ts";

const IGNORING = FAKE_RELEASES.filter((release) => release !== "2026.9.6");
const READ = ["operator.read"];
const BACKEND = { id: "gateway-client", mode: "backend" };

describe.each(IGNORING)("a ceiling in front of OpenClaw %s, which ignores x-openclaw-scopes", (release) => {
  it.each([
    ["a CLI", {}],
    ["a backend", { client: BACKEND }],
    [
      "a node that claims to be an operator, too",
      { role: "node", client: { id: "node-host", mode: "node" } },
    ],
  ])(
    "ends the connection of %s that requests more, before its connect reaches the gateway",
    async (_what, options) => {
      const { gateway, shim, through } = await startCeilingBench(release, ["operator.read"]);
      const device = createDevice();
      const result = await through({ device, scopes: OPERATOR_SCOPES, ...options });
      const reason = "--max-scopes: operator.admin is not allowed";
      expect(result).toMatchObject({ ok: false, close: { code: 1008, reason } });
      const outcome = await shim.outcome();
      expect(outcome).toMatchObject({
        outcome: "denied",
        reason: "scope_ceiling",
        close: { code: 1008, reason },
        deviceId: device.id,
        scopes: OPERATOR_SCOPES,
        fix: expect.stringContaining("--max-scopes"),
      });
      expect(outcome).not.toHaveProperty("http");
      expect([gateway.pairing.paired, gateway.pairing.pending]).toEqual([[], []]);
    },
  );

  it("lets a client within the ceiling connect", async () => {
    const { shim, through } = await startCeilingBench(release, ["operator.read"]);
    expect(await through({ device: createDevice(), scopes: READ })).toMatchObject({ ok: true });
    expect(await shim.outcome()).toMatchObject({ outcome: "connected", scopes: READ });
  });
});

describe("a ceiling in front of OpenClaw 2026.9.6", () => {
  it.each([
    ["a CLI", {}],
    ["a backend", { client: BACKEND }],
  ])("lets the gateway narrow %s that requests more", async (_what, options) => {
    const { shim, through } = await startCeilingBench("2026.9.6", ["operator.read"]);
    expect(await through({ device: createDevice(), scopes: OPERATOR_SCOPES, ...options })).toMatchObject({
      ok: true,
    });
    const granted = { scopes: OPERATOR_SCOPES, grantedScopes: READ };
    expect(await shim.outcome()).toMatchObject({ outcome: "connected", ...granted });
  });

  it.each([
    [
      undefined,
      "operator.read, operator.sessions.read, operator.sessions.write, operator.write, operator.talk",
    ],
    ["operator.read", "operator.read, operator.sessions.read"],
    ["operator.pairing,operator.sessions.read", "operator.sessions.read"],
    ["", ""],
  ])("intersects the client's own x-openclaw-scopes %j with it", async (own, expected) => {
    const { through, scopeFields } = await startCeilingBench("2026.9.6", ["operator.write"]);
    const headers = own === undefined ? {} : { "X-OpenClaw-Scopes": own };
    await through({ device: createDevice(), scopes: READ, headers });
    const [value = "(none)", ...more] = scopeFields("/");
    expect([value.split(", ").sort(), more]).toEqual([expected.split(", ").sort(), []]);
  });
});

it.each(["2026.2.19", "2026.7.35", "2026.8.1", "2026.9.6"])(
  "OpenClaw %s limits scopes exactly if it refuses forwarding fields, by which the shim knows it",
  (release) => {
    expect(holds("scopeCeilingHeader", release)).toBe(holds("forwardingRefused", release));
  },
);

describe.each(FAKE_RELEASES)("a ceiling in front of OpenClaw %s", (release) => {
  it("lets a node connect", async () => {
    const { shim, through } = await startCeilingBench(release, ["operator.read"]);
    const client = { id: "node-host", mode: "node" };
    expect(await through({ device: createDevice(), role: "node", scopes: [], client })).toMatchObject({
      ok: true,
    });
    expect(await shim.outcome()).toMatchObject({ outcome: "connected", role: "node" });
  });

  it("of operator.admin allows every scope", async () => {
    const { through } = await startCeilingBench(release, ["operator.admin"]);
    expect(await through({ device: createDevice(), scopes: OPERATOR_SCOPES })).toMatchObject({ ok: true });
  });

  it("of operator.write allows operator.read, as the gateway does", async () => {
    const { through } = await startCeilingBench(release, ["operator.write"]);
    expect(await through({ device: createDevice(), scopes: READ })).toMatchObject({ ok: true });
  });
});
