import { describe, expect, it } from "vitest";
import { auth } from "../../../src/commands/doctor/checks/auth.ts";
import { listen } from "../../../src/commands/doctor/checks/listen.ts";
import { isPrivateBlock } from "../../../src/commands/doctor/causes.ts";
import type { Facts, ShimFacts } from "../../../src/commands/doctor/facts.ts";
import type { SeenOutcome } from "../../../src/commands/doctor/running-shim.ts";
import { connected, facts } from "./facts.ts";

const { settings } = facts();
const onAll = (allowFrom: readonly string[]): Partial<Facts> => ({
  settings: { ...settings, listen: [{ host: "0.0.0.0", port: 18_788 }], allowFrom },
});

describe("a --listen beyond loopback", () => {
  it.each([[["0.0.0.0/0"]], [["10.0.0.0/8", "::/0"]], [["203.0.113.7/32"]], [["10.0.0.0/7"]]])(
    "is open to the world with --allow-from %j",
    (allowFrom) => {
      const finding = listen(facts(onAll(allowFrom)));
      expect(finding).toMatchObject({ status: "fix" });
      expect(JSON.stringify(finding)).toContain(allowFrom.at(-1));
    },
  );

  it("names who may connect where that is narrow", () => {
    const finding = listen(facts(onAll(["172.17.0.0/16", "fd00::/8"])));
    expect(finding).toMatchObject({
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
  const none = { direct: connected("2026.9.6", "none"), plain: undefined };
  const outcome: SeenOutcome = {
    outcome: "connected",
    reason: undefined,
    deviceId: undefined,
    client: "cli",
    scopes: [],
    peer: "127.0.0.1",
    hostFrom: undefined,
    stripped: { "x-forwarded-for": "203.0.113.7" },
    publicForwarded: true,
    byDoctor: false,
  };
  const shim: ShimFacts = {
    state: "running",
    address: "127.0.0.1:18788",
    version: "1",
    unreachable: undefined,
    attempt: connected(),
    elsewhere: false,
    outcomes: [outcome],
  };

  it("is a note on a machine that nobody reaches", () => {
    expect(auth(facts(none))).toMatchObject({ status: "note" });
  });

  it.each<[string, Partial<Facts>]>([
    ["forwarded connections", { shim }],
    ["a listener beyond loopback", onAll(["10.0.0.0/8"])],
  ])("is to be mended with %s", (_what, given) => {
    expect(auth(facts({ ...none, ...given }))).toMatchObject({ status: "fix" });
  });

  it("is taken from the config where the gateway does not say it", () => {
    const { openclaw } = facts();
    const given = { openclaw: { ...openclaw, gateway: { auth: { mode: "none" } } } };
    expect(auth(facts({ ...given, plain: undefined, direct: undefined }))).toMatchObject({ status: "note" });
    expect(auth(facts(given))).toMatchObject({ status: "ok" });
  });
});
