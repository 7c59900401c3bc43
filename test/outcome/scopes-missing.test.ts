import { describe, expect, it } from "vitest";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";
import { levelOf } from "../../src/outcome/outcomes.ts";
import { connectThrough, outcomeLineOf, startFakeGatewayWithShim } from "../support/gateways.ts";

const ASKED = ["operator.read", "operator.write"];
const NODE = { role: "node", client: { id: "node-host", mode: "node" } };

describe.each(FAKE_RELEASES)("at %s the outcome connected", (release) => {
  const connect = async (options: Parameters<typeof connectThrough>[1]) => {
    const { shim } = await startFakeGatewayWithShim({ release });
    expect(await connectThrough(shim, { scopes: ASKED, ...options })).toMatchObject({ ok: true });
    const outcome = await shim.outcome();
    return { shim, outcome, line: outcomeLineOf(shim, outcome.conn) };
  };

  it("warns of a client without a device, which loses its scopes", async () => {
    const client = { id: "test", mode: "test" };
    const { shim, outcome, line } = await connect({ device: undefined, client });

    expect(outcome).toMatchObject({
      outcome: "connected",
      reason: "scopes-missing",
      missingScopes: ASKED,
      fix: expect.stringContaining("use a client that sends a device identity") as string,
    });
    // Of these releases only the newest leaves any client its scopes.
    const kept = "on this release local connections of gateway-client/backend and cli/cli keep theirs";
    expect(outcome.fix?.includes(kept)).toBe(release === "2026.9.6");
    expect(line).toMatchObject({ level: "warn", missingScopes: ASKED });
    const metrics = await fetch(`http://${shim.authority}/__shim__/metrics`);
    expect(await metrics.text()).toContain('outcomes_total{outcome="connected",reason="scopes-missing"} 1');
  });

  it.each([
    { id: "cli", mode: "cli" },
    { id: "gateway-client", mode: "backend" },
  ])("warns of $id/$mode without a device, unless the release leaves it its scopes", async (client) => {
    const { outcome, line } = await connect({ device: undefined, client });

    const isFine = release === "2026.9.6";
    expect(outcome.missingScopes).toEqual(isFine ? undefined : ASKED);
    expect(line?.["level"]).toBe(isFine ? "info" : "warn");
  });

  it.each([
    ["a client that requests none", { device: undefined, scopes: [] }],
    ["a node", { ...NODE, scopes: [] }],
    ["a device", {}],
  ])("does not warn of %s", async (_, options) => {
    const { outcome, line } = await connect(options);

    expect(outcome).toMatchObject({ outcome: "connected" });
    expect(outcome).not.toHaveProperty("missingScopes");
    expect(outcome).not.toHaveProperty("fix");
    expect(line).toMatchObject({ level: "info" });
  });
});

describe("the outcome connected", () => {
  it("names the header that limits the scopes of a device", async () => {
    const { shim } = await startFakeGatewayWithShim();
    await connectThrough(shim, { scopes: ASKED, headers: { "x-openclaw-scopes": "operator.read" } });

    expect(await shim.outcome()).toMatchObject({
      reason: "scopes-missing",
      missingScopes: ["operator.write"],
      fix: expect.stringContaining("x-openclaw-scopes") as string,
    });
  });

  it("is a warning only if scopes are missing", () => {
    expect(levelOf({ outcome: "connected" })).toBe("info");
    expect(levelOf({ outcome: "connected", reason: "scopes-missing" })).toBe("warn");
  });
});
