import { describe, expect, it } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { objection, type RefusedDevice } from "../../src/approve/approval-rule.ts";
import type { PendingRequest } from "../../src/openclaw/protocol.ts";
import { startApproveBench } from "./harness.ts";

describe("a device that was refused elsewhere", () => {
  it("stays pending while another device is approved", async () => {
    const { direct, through, gateway, logged } = await startApproveBench("2026.2.19");
    const elsewhere = createDevice();
    await direct({ device: elsewhere, headers: { Host: "sb.vercel.run" } });

    const here = createDevice();
    await through({ device: here, scopes: ["operator.read"] });
    await through({ device: here, scopes: ["operator.admin"] });
    await logged("approved");
    expect(gateway.pairing.pending.map(({ deviceId }) => deviceId)).toEqual([elsewhere.id]);
  });
});

describe("a pending request", () => {
  const pending: PendingRequest = {
    requestId: "r",
    deviceId: "d",
    publicKey: "k",
    roles: ["operator"],
    scopes: ["operator.read"],
    silent: false,
  };
  const refused: RefusedDevice = {
    conn: "c",
    deviceId: "d",
    publicKey: "k",
    role: "operator",
    scopes: ["operator.read"],
    requestId: "r",
    at: 0,
  };
  const bounds = { roles: ["operator"], scopes: ["operator.read"] };

  it("may be approved when all is as it was seen", () => {
    expect(objection(pending, refused, bounds, 59_000)).toBeUndefined();
  });

  it.each<[string, Partial<PendingRequest>, Partial<RefusedDevice>, string]>([
    ["another request", { requestId: "stolen" }, {}, "the refusal named another request"],
    ["another device", { deviceId: "e" }, {}, "the request is another device's"],
    ["another key", { publicKey: "l" }, {}, "the request has another public key"],
    ["another role", { roles: ["node"] }, {}, "the request is for another role"],
    ["a role more", { roles: ["operator", "node"] }, {}, "the request is for another role"],
    ["a scope more", { scopes: ["operator.read", "operator.admin"] }, {}, "the request is for other scopes"],
    ["a role out of bounds", { roles: ["node"] }, { role: "node" }, "role node is not in --approve-roles"],
    [
      "a scope out of bounds",
      { scopes: ["operator.admin"] },
      { scopes: ["operator.admin"] },
      "scope operator.admin is not in --approve-scopes",
    ],
  ])("may not with %s", (_what, change, seen, why) => {
    expect(objection({ ...pending, ...change }, { ...refused, ...seen }, bounds, 1_000)).toBe(why);
  });

  it.each([
    ["operator.admin", undefined],
    ["operator.write", "scope operator.talk.secrets is not in --approve-scopes"],
  ])("may for operator.talk.secrets, bounds being %s: %s", (scope, why) => {
    const asked = { scopes: ["operator.talk.secrets"] };
    const limits = { ...bounds, scopes: [scope] };
    expect(objection({ ...pending, ...asked }, { ...refused, ...asked }, limits, 1_000)).toBe(why);
  });

  it("may not a minute later", () => {
    expect(objection(pending, refused, bounds, 60_001)).toBe("the refusal was more than a minute ago");
  });
});
