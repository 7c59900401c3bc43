import { describe, expect, it } from "vitest";
import { shellCommand } from "../../../src/errors.ts";
import { createDevice, identityText } from "../../../src/openclaw/device.ts";
import { makeHome } from "./bench.ts";
import { runDoctor } from "./run.ts";

describe("doctor, where the gateway is down,", () => {
  const device = createDevice();
  const text = identityText(device, 1);
  const waiting = createDevice();
  const request = {
    requestId: "11111111-2222-4333-8444-555555555555",
    deviceId: waiting.id,
    publicKey: waiting.publicKey,
    clientId: "cli",
    role: "operator",
    scopes: ["operator.read"],
    silent: false,
    ts: Date.now(),
  };
  const paired = {
    [device.id]: {
      deviceId: device.id,
      publicKey: device.publicKey,
      clientId: "cli",
      role: "operator",
      roles: ["operator"],
      scopes: ["operator.read"],
      tokens: { operator: { token: "s3kr3t-device-token", role: "operator", scopes: ["operator.read"] } },
    },
  };

  it.each([
    ["an object by id", { [request.requestId]: request }],
    ["a list", [request]],
  ])("finds what is pending and paired in OpenClaw's files: %s", async (_what, pending) => {
    const home = makeHome(
      { port: 2 },
      {
        "devices/pending.json": JSON.stringify(pending),
        "devices/paired.json": JSON.stringify(paired),
        "identity/device.json": text,
      },
    );

    const run = await runDoctor([], { HOME: home });

    expect(run.of("gateway")).toHaveLength(1);
    expect(run.of("pending")[0]?.command).toBe(shellCommand("approve-device", request.requestId));
    expect(run.of("scopes")[0]?.finding).toContain("is approved for operator.read; it is OpenClaw's own CLI");
    expect(run.output).not.toMatch(/s3kr3t-device-token|PRIVATE KEY/);
  });

  it("says that a store in SQLite is for the gateway to read", async () => {
    const home = makeHome({ port: 2 }, { "state/openclaw.sqlite": "" });

    const run = await runDoctor([], { HOME: home });

    expect(run.of("pending", "unknown")[0]?.finding).toContain("the store is SQLite");
  });
});
