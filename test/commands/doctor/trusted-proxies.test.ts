import { describe, expect, it } from "vitest";
import { checkTrustedProxies } from "../../../src/commands/doctor/config-checks.ts";
import type { Result } from "../../../src/commands/doctor/finding.ts";
import { connected, finding, gatewayOf, refused, SETTINGS, type Given } from "./context.ts";

const REFUSED = refused("pairing-required", "not-paired");

function judge(trustedProxies: unknown, given: Given = {}): Promise<Result | undefined> {
  const gateway = gatewayOf("2026.2.19", REFUSED);
  return finding(checkTrustedProxies, { gateway, openclaw: { gateway: { trustedProxies } }, ...given });
}

describe("gateway.trustedProxies", () => {
  it.each([
    [["127.0.0.1"]],
    [["10.0.0.0/8", "127.0.0.1/32"]],
    [["127.0.0.0/8"]],
    [["0.0.0.0/0"]],
    [["::ffff:127.0.0.1"]],
    ["127.0.0.1"],
  ])("covers loopback as %j", async (value) => {
    expect(await judge(value)).toMatchObject({ status: "fix" });
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
  ])("does not as %j, for a gateway at 127.0.0.1", async (value) => {
    expect(await judge(value)).toMatchObject({ status: "ok" });
  });

  it("counts ::1 for a gateway at [::1]", async () => {
    const settings = { gateway: { ...SETTINGS.gateway, host: "::1" } };
    expect(await judge(["::1"], { settings })).toMatchObject({ status: "fix" });
  });

  it.each([
    ["2026.2.19", REFUSED, "fix", "makes no loopback connection local"],
    ["dev", REFUSED, "fix", "before 2026.4"],
    ["2026.4.5", REFUSED, "note", "no harm to locality on 2026.4.5"],
    ["2026.7.35", REFUSED, "note", "no harm to locality on 2026.7.35"],
    ["2026.8.1", REFUSED, "note", "keeps browsers behind a reverse proxy of this machine from HTTP 403"],
    ["2026.9.6", connected("2026.9.6"), "note", "nodes on that path need the shim"],
    ["2026.3.23", connected("2026.3.23"), "fix", "from its next start"],
    ["dev", connected("dev"), "fix", "from its next start"],
    ["2026.4.5", connected("2026.4.5"), "note", "no harm to locality on 2026.4.5"],
  ] as const)("at %s", async (version, direct, status, words) => {
    expect(await judge(["127.0.0.1"], { gateway: gatewayOf(version, direct) })).toMatchObject({
      status,
      finding: expect.stringContaining(words) as string,
    });
  });

  it.each(["2026.4.5", "2026.8.1", "2026.9.6"])("is not to be removed at %s", async (version) => {
    const found = await judge(["127.0.0.1"], { gateway: gatewayOf(version, REFUSED) });
    expect(found).not.toHaveProperty("fix");
    expect(found).not.toHaveProperty("command");
  });
});
