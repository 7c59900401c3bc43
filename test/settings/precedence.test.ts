import { describe, expect, it } from "vitest";
import { file, load } from "./load.ts";

const OPENCLAW = { OPENCLAW_CONFIG_PATH: file("openclaw.json") };

describe("precedence", () => {
  it("is flag, environment, file, OpenClaw's config, default", async () => {
    const pin = { OPENCLAW_SHIM_GATEWAY_FINGERPRINT: `sha256:${"0".repeat(64)}` };
    const fromFile = { ...OPENCLAW, ...pin, OPENCLAW_SHIM_CONFIG: file("valid.json5") };
    const fromVariable = { ...fromFile, OPENCLAW_SHIM_GATEWAY: "wss://127.0.0.1:2" };
    expect((await load(["--gateway", "wss://127.0.0.1:1"], fromVariable)).gateway.port).toBe(1);
    expect((await load([], fromVariable)).gateway.port).toBe(2);
    expect((await load([], fromFile)).gateway.port).toBe(21_050);
    expect((await load([], OPENCLAW)).gateway.port).toBe(19_001);
    expect((await load([])).gateway.port).toBe(18_789);
  });

  it("replaces a list as a whole", async () => {
    const env = { OPENCLAW_SHIM_ALLOW_HOST: "one.internal,two.internal" };
    expect((await load(["--allow-host", "three.internal"], env)).allowHost).toEqual(["three.internal"]);
  });

  it("ignores an invalid variable if a flag replaces it", async () => {
    expect((await load(["--hold", "1s"], { OPENCLAW_SHIM_HOLD: "soon" })).hold).toBe(1000);
  });

  it("takes the --config of the command line before OPENCLAW_SHIM_CONFIG", async () => {
    expect(
      (await load(["--config", file("valid.json5")], { OPENCLAW_SHIM_CONFIG: "/nonexistent" })).hold,
    ).toBe(20_000);
  });
});

describe("defaults", () => {
  it("are those of the contract", async () => {
    expect(await load([])).toEqual({
      listen: [
        { host: "127.0.0.1", port: 18_788 },
        { host: "::1", port: 18_788, optional: true },
      ],
      gateway: {
        url: "ws://127.0.0.1:18789",
        host: "127.0.0.1",
        port: 18_789,
        tls: false,
        authority: "127.0.0.1:18789",
        origin: "http://127.0.0.1:18789",
      },
      allowFrom: [],
      allowHost: [],
      allowOrigin: [],
      maxScopes: [],
      forwarded: "strip",
      strip: [],
      hold: 10_000,
      drain: 5000,
      maxConnections: 512,
      approve: "off",
      approveScopes: [
        "operator.admin",
        "operator.approvals",
        "operator.pairing",
        "operator.read",
        "operator.write",
      ],
      approveRoles: ["operator"],
      logLevel: "info",
    });
  });

  it("cannot be changed afterwards", async () => {
    const settings = await load([]);
    for (const part of [
      settings,
      settings.listen,
      settings.listen[0],
      settings.gateway,
      settings.approveScopes,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it("make only the default [::1] optional", async () => {
    expect((await load(["--listen", "[::1]:18788"])).listen).toEqual([{ host: "::1", port: 18_788 }]);
  });
});
