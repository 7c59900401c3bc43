import { describe, expect, it } from "vitest";
import { checkAuth, checkListen } from "../../../src/commands/doctor/config-checks.ts";
import { isPrivateBlock } from "../../../src/net/ip-address.ts";
import { connected, finding, gatewayOf, type Given, type SeenOutcome } from "./context.ts";

const onAll = (allowFrom: readonly string[]): Given => ({
  settings: { listen: [{ host: "0.0.0.0", port: 18_788 }], allowFrom },
});

describe("a --listen beyond loopback", () => {
  it.each([[["0.0.0.0/0"]], [["10.0.0.0/8", "::/0"]], [["203.0.113.7/32"]], [["10.0.0.0/7"]]])(
    "is open to the internet with --allow-from %j",
    async (allowFrom) => {
      const found = await finding(checkListen, onAll(allowFrom));
      expect(found).toMatchObject({ status: "fix" });
      expect(JSON.stringify(found)).toContain(allowFrom.at(-1));
    },
  );

  it("names the peers that may connect if they are few", async () => {
    expect(await finding(checkListen, onAll(["172.17.0.0/16", "fd00::/8"]))).toMatchObject({
      status: "note",
      finding: expect.stringContaining(
        "--listen 0.0.0.0:18788 with --allow-from 172.17.0.0/16 fd00::/8",
      ) as string,
    });
  });

  it.each([
    ["10.0.0.5/32", true],
    ["192.168.0.0/16", true],
    ["100.64.0.0/10", true],
    ["169.254.0.0/16", true],
    ["fe80::/10", true],
    ["172.16.0.0/11", false],
    ["128.0.0.0/1", false],
    ["2001:db8::/32", false],
    ["fc00::/6", false],
  ])("%s is private: %s", (cidr, expected) => {
    expect(isPrivateBlock(cidr)).toBe(expected);
  });
});

describe("gateway.auth.mode none", () => {
  const gateway = gatewayOf("2026.9.6", connected("2026.9.6", "none"));
  const outcome: SeenOutcome = {
    outcome: "connected",
    deviceId: undefined,
    role: undefined,
    clientId: undefined,
    scopes: [],
    peer: "127.0.0.1",
    hostFrom: undefined,
    stripped: { "x-forwarded-for": "203.0.113.7" },
    byDoctor: false,
  };

  it("is a note on a machine that no other reaches", async () => {
    expect(await finding(checkAuth, { gateway })).toMatchObject({ status: "note" });
  });

  it.each<[string, Given]>([
    ["forwarded connections", { outcomes: [outcome] }],
    ["a listener beyond loopback", onAll(["10.0.0.0/8"])],
  ])("is to be fixed with %s", async (_what, given) => {
    expect(await finding(checkAuth, { gateway, ...given })).toMatchObject({ status: "fix" });
  });

  it("is read from the config if the gateway does not report it", async () => {
    const openclaw = { gateway: { auth: { mode: "none" } } };
    const silent = { hello: undefined };
    expect(await finding(checkAuth, { openclaw, gateway: silent })).toMatchObject({ status: "note" });
    expect(await finding(checkAuth, { openclaw })).toMatchObject({ status: "ok" });
  });
});
