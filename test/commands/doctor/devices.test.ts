import { describe, expect, it } from "vitest";
import { checkPending, checkScopes } from "../../../src/commands/doctor/device-checks.ts";
import { shellCommand } from "../../../src/errors.ts";
import type { Result } from "../../../src/commands/doctor/finding.ts";
import {
  readPaired,
  readPending,
  readWaitingNodes,
  type DeviceLists,
} from "../../../src/commands/doctor/openclaw-files.ts";
import { findings, gatewayOf } from "./context.ts";

type PendingDevice = DeviceLists["pending"][number];

const NOW = Date.now();
const request: PendingDevice = {
  requestId: "r-1",
  deviceId: "d".repeat(64),
  publicKey: "k",
  roles: ["operator"],
  scopes: ["operator.admin"],
  silent: false,
  client: "cli",
  name: undefined,
  at: NOW - 1_000,
};

const pendingAt = (version: string, ...pending: PendingDevice[]): Promise<readonly Result[]> =>
  findings(checkPending, { gateway: { ...gatewayOf(version), devices: { pending, paired: [] } } });

describe("a pending request", () => {
  it.each(["2026.4.5", "2026.9.6"])("is stale on %s", async (version) => {
    expect((await pendingAt(version, request))[0]?.finding).toContain("stays refused, local or not");
  });

  it("of a paired device is not stale", async () => {
    const paired = [{ deviceId: request.deviceId, client: "cli", roles: ["operator"], scopes: [] }];
    const devices = { pending: [request], paired };
    const [found] = await findings(checkPending, { gateway: { ...gatewayOf("2026.4.5"), devices } });
    expect(found?.finding).toMatch(/waits to be approved: it is refused until somebody approves it$/);
  });

  it("of doctor's own, of an earlier run too, is never to be approved", async () => {
    const found = await pendingAt("2026.2.19", { ...request, name: "openclaw-shim doctor" });
    expect(found).toMatchObject([{ status: "note" }]);
    expect(found[0]).not.toHaveProperty("command");
    expect(await pendingAt("2026.2.19", request, { ...request, name: "openclaw-shim doctor" })).toMatchObject(
      [{ status: "fix", command: shellCommand("approve-device", "r-1") }, { status: "note" }],
    );
  });

  it("may be of a node's commands", async () => {
    const nodes = readWaitingNodes([
      {
        nodeId: "n".repeat(64),
        clientId: "node-host",
        approvalState: "pending-approval",
        pendingRequestId: "r-2",
        pendingDeclaredCommands: ["system.run", "system.which"],
      },
      { nodeId: "m".repeat(64), clientId: "node-host", approvalState: "approved", commands: ["system.run"] },
      { nodeId: "o".repeat(64), commands: ["system.run"] },
    ]);
    expect(await findings(checkPending, { gateway: { ...gatewayOf("2026.9.6"), nodes } })).toMatchObject([
      {
        status: "fix",
        finding:
          "node-host (node nnnnnnnnnnnn…) may connect, but not run these commands until they are approved: system.run system.which",
        command: shellCommand("approve-node", "r-2"),
      },
    ]);
  });

  it("expires after five minutes", async () => {
    expect(await pendingAt("2026.4.5", { ...request, at: NOW - 300_000 })).toMatchObject([{ status: "ok" }]);
  });

  it("from the future shows that a clock was set", async () => {
    const [found] = await pendingAt("2026.4.5", { ...request, at: NOW + 3_600_000 });
    expect(found?.finding).toContain("its time is 60 min ahead of this clock");
  });

  it("never puts an id that is not a shell word into a command", async () => {
    const [found] = await pendingAt("2026.4.5", { ...request, requestId: "--latest; rm -rf /" });
    expect(`${found?.fix} ${found?.command}`).not.toContain("--latest");
  });

  it("is one finding each, for the first few", async () => {
    const many = Array.from({ length: 9 }, (_, at) => ({ ...request, requestId: `r-${at}` }));
    expect(await pendingAt("2026.9.6", ...many)).toHaveLength(6);
  });
});

describe("the scopes of a paired device", () => {
  const own = "a".repeat(64);
  const lacks = async (
    version: string,
    approved: string[],
    lists?: DeviceLists,
  ): Promise<string | undefined> => {
    const paired = [{ deviceId: own, client: "cli", roles: ["operator"], scopes: approved }];
    const found = await findings(checkScopes, {
      gateway: { ...gatewayOf(version), devices: lists ?? { pending: [], paired } },
      openclaw: { ownDeviceId: own },
    });
    return found.find(({ status }) => status === "fix")?.finding;
  };

  it("lack what OpenClaw's CLI requests, on releases that refuse upgrades", async () => {
    expect(await lacks("2026.4.5", ["operator.read"])).toContain(
      "missing operator.admin operator.approvals operator.pairing operator.write",
    );
    expect(await lacks("2026.3.28", ["operator.read"])).toContain("missing operator.admin");
    expect(await lacks("2026.7.35", ["operator.read"])).toContain("missing operator.admin");
    expect(await lacks("2026.3.24", ["operator.read"])).toBeUndefined();
    expect(await lacks("2026.8.1", ["operator.read"])).toBeUndefined();
    expect(await lacks("2026.9.6", ["operator.read"])).toBeUndefined();
  });

  it("of an administrator are enough since 2026.3 (OpenClaw #21655)", async () => {
    const installed = ["operator.admin", "operator.approvals", "operator.pairing"];
    expect(await lacks("dev", installed)).toContain("missing operator.read operator.write");
    expect(await lacks("2026.4.5", installed)).toBeUndefined();
  });

  it("lack what any device's pending request asks for", async () => {
    const lists: DeviceLists = {
      pending: [{ ...request, deviceId: "b".repeat(64) }],
      paired: [{ deviceId: "b".repeat(64), client: "node-host", roles: ["node"], scopes: ["node.run"] }],
    };
    expect(await lacks("2026.9.6", [], lists)).toContain(
      "node-host bbbbbbbbbbbb… is approved for node.run; it asks for (request r-1) operator.admin: missing operator.admin",
    );
  });
});

describe("OpenClaw's device lists", () => {
  it.each([
    ["a list", [{ ...request, clientId: "cli", ts: NOW, role: "operator" }]],
    ["an object by id", { "r-1": { ...request, clientId: "cli", ts: NOW, role: "operator" } }],
  ])("of requests are read as %s", (_what, value) => {
    expect(readPending(value)).toMatchObject([{ requestId: "r-1", client: "cli", at: NOW }]);
  });

  it("are read with the approved scopes if they are stored separately", () => {
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

  it("are read without the items that are not devices", () => {
    expect([readPending([null, {}, "x"]), readPaired({ a: 1, b: {} })]).toEqual([[], []]);
  });
});
