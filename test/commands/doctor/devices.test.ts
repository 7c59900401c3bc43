import { describe, expect, it } from "vitest";
import { pending } from "../../../src/commands/doctor/checks/pending.ts";
import { scopes } from "../../../src/commands/doctor/checks/scopes.ts";
import {
  readPaired,
  readPending,
  type Devices,
  type PendingDevice,
} from "../../../src/commands/doctor/devices.ts";
import type { Facts } from "../../../src/commands/doctor/facts.ts";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import { connected, facts } from "./facts.ts";

const NOW = facts().now;
const request: PendingDevice = {
  requestId: "r-1",
  deviceId: "d".repeat(64),
  publicKey: "k",
  roles: ["operator"],
  scopes: ["operator.admin"],
  silent: false,
  client: "cli",
  at: NOW - 1_000,
};

const pendingAt = (version: string, ...waiting: PendingDevice[]): readonly Finding[] => {
  const found = pending(
    facts({ devices: { pending: waiting, paired: [] }, plain: undefined, direct: connected(version) }),
  );
  return [found].flat();
};

describe("a pending request", () => {
  it("is stale on every release", () => {
    expect(pendingAt("2026.4.5", request)[0]?.finding).toContain("stays refused, local or not");
    expect(pendingAt("2026.9.6", request)[0]?.finding).toContain("stays refused, local or not");
  });

  it("has expired after five minutes", () => {
    expect(pendingAt("2026.4.5", { ...request, at: NOW - 300_000 })).toMatchObject([{ status: "ok" }]);
  });

  it("from the future tells that a clock was set", () => {
    const [found] = pendingAt("2026.4.5", { ...request, at: NOW + 3_600_000 });
    expect(found?.finding).toContain("its time is 60 min ahead of this clock");
  });

  it("never puts a strange id into a command", () => {
    const [found] = pendingAt("2026.4.5", { ...request, requestId: "--latest; rm -rf /" });
    expect(found?.fix).not.toContain("--latest");
  });

  it("is one line each, for the first few", () => {
    const many = Array.from({ length: 9 }, (_, at) => ({ ...request, requestId: `r-${at}` }));
    expect(pendingAt("2026.9.6", ...many)).toHaveLength(6);
  });
});

describe("the scopes of a paired device", () => {
  const own = "a".repeat(64);
  const lacks = (
    version: string,
    approved: readonly string[],
    more: Partial<Facts> = {},
  ): Finding | undefined => {
    const { openclaw } = facts();
    const paired = [{ deviceId: own, client: "cli", roles: ["operator"], scopes: approved }];
    const found = scopes(
      facts({
        direct: connected(version),
        openclaw: { ...openclaw, ownDeviceId: own },
        devices: { pending: [], paired },
        ...more,
      }),
    );
    return [found].flat().find(({ status }) => status === "fix");
  };

  it("lack what OpenClaw's command asks for, on releases that refuse upgrades", () => {
    expect(lacks("2026.4.5", ["operator.read"])?.finding).toContain(
      "missing operator.admin operator.approvals operator.pairing operator.write",
    );
    expect(lacks("2026.3.23", ["operator.read"])).toBeUndefined();
    expect(lacks("2026.9.6", ["operator.read"])).toBeUndefined();
  });

  it("of an administrator are enough since 2026.3 (OpenClaw #21655)", () => {
    const installed = ["operator.admin", "operator.approvals", "operator.pairing"];
    expect(lacks("dev", installed)?.finding).toContain("missing operator.read operator.write");
    expect(lacks("2026.4.5", installed)).toBeUndefined();
  });

  it("lack what the device waits for, whoever it is", () => {
    const devices: Devices = {
      pending: [{ ...request, deviceId: "b".repeat(64) }],
      paired: [{ deviceId: "b".repeat(64), client: "node-host", roles: ["node"], scopes: ["node.run"] }],
    };
    expect(lacks("2026.9.6", [], { devices })?.finding).toContain(
      "node-host bbbbbbbbbbbb… is approved for node.run; it asks for (request r-1) operator.admin: missing operator.admin",
    );
  });
});

describe("OpenClaw's own lists", () => {
  it.each([
    ["a list", [{ ...request, clientId: "cli", ts: NOW, role: "operator" }]],
    ["an object by id", { "r-1": { ...request, clientId: "cli", ts: NOW, role: "operator" } }],
  ])("of requests are read as %s", (_what, value) => {
    expect(readPending(value)).toMatchObject([{ requestId: "r-1", client: "cli", at: NOW }]);
  });

  it("are read with what was approved, where that is said apart", () => {
    const device = {
      deviceId: "d",
      scopes: ["operator.admin"],
      approvedScopes: ["operator.read"],
      role: "operator",
    };
    expect(readPaired({ d: device })).toEqual([
      { deviceId: "d", client: undefined, roles: ["operator"], scopes: ["operator.read"] },
    ]);
  });

  it.each([[null], ["text"], [7]])("are not read from %j", (value) => {
    expect([readPending(value), readPaired(value)]).toEqual([undefined, undefined]);
  });

  it("do without what is none in them", () => {
    expect([readPending([null, {}, "x"]), readPaired({ a: 1, b: {} })]).toEqual([[], []]);
  });
});
