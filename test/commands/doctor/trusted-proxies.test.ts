import { describe, expect, it } from "vitest";
import { trustedProxies } from "../../../src/commands/doctor/checks/trusted-proxies.ts";
import { testSettings } from "../../support/shim.ts";
import { connected, facts, GATEWAY_PORT, refused } from "./facts.ts";

const { openclaw } = facts();
const withProxies = (value: unknown): object => ({
  openclaw: { ...openclaw, gateway: { trustedProxies: value } },
});
const old = { plain: connected("2026.2.19"), direct: refused("pairing-required", "not-paired") };

describe("gateway.trustedProxies", () => {
  it.each([
    [["127.0.0.1"]],
    [["10.0.0.0/8", "127.0.0.1/32"]],
    [["127.0.0.0/8"]],
    [["0.0.0.0/0"]],
    [["::ffff:127.0.0.1"]],
    ["127.0.0.1"],
  ])("covers loopback as %j", (value) => {
    expect(trustedProxies(facts({ ...withProxies(value), ...old }))).toMatchObject({
      status: "fix",
    });
  });

  it.each([
    [undefined],
    [[]],
    [["10.0.0.0/8"]],
    [["127.1"]],
    [["127.0.0.1/33"]],
    [["localhost"]],
    [["::1"]],
    [["::/0"]],
    [[7, null]],
    [{ a: "127.0.0.1" }],
  ])("does not as %j, for a gateway at 127.0.0.1", (value) => {
    expect(trustedProxies(facts({ ...withProxies(value), ...old }))).toMatchObject({
      status: "ok",
    });
  });

  it("counts ::1 for a gateway at [::1]", () => {
    const settings = testSettings(GATEWAY_PORT);
    const there = { ...settings, gateway: { ...settings.gateway, host: "::1" } };
    const given = { ...withProxies(["::1"]), settings: there, ...old };
    expect(trustedProxies(facts(given))).toMatchObject({ status: "fix" });
  });

  it.each([
    ["2026.2.19", old.direct, "fix", "makes no loopback connection local"],
    ["dev", old.direct, "fix", "before 2026.4"],
    ["2026.4.5", old.direct, "note", "no harm to locality on 2026.4.5"],
    ["2026.9.6", undefined, "note", "no harm to locality on 2026.9.6"],
    ["2026.3.23", connected("2026.3.23"), "fix", "from its next start"],
    ["dev", connected("dev"), "fix", "from its next start"],
    ["2026.4.5", connected("2026.4.5"), "note", "no help, but no harm"],
  ] as const)("at %s", (version, direct, status, words) => {
    const finding = trustedProxies(
      facts({ ...withProxies(["127.0.0.1"]), plain: connected(version), direct }),
    );
    expect(finding).toMatchObject({ status, finding: expect.stringContaining(words) as string });
  });
});
