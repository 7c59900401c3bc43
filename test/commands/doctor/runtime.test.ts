import { describe, expect, it } from "vitest";
import { checkRuntime } from "../../../src/commands/doctor/gateway-checks.ts";
import { finding, findings, refused, type Given } from "./context.ts";

const listeningAs = (program: string): Given => ({
  gateway: { listener: { pid: 1, program, shown: `${program} (pid 4711)` } },
});
/** The listener cannot be seen; the gateway's log names its runtime, or does not. */
const loggedAs = (runtime?: string): Given => ({
  gateway: { listener: undefined },
  ...(runtime !== undefined && { runtime }),
});

describe("the gateway's runtime", () => {
  it.each<[string, Given, string, string]>([
    ["Node", listeningAs("node"), "ok", "runs under node"],
    ["Node of another name", listeningAs("node22"), "ok", "runs under node22"],
    ["Node, by the log", loggedAs("node"), "ok", "runs under node"],
    [
      "Bun",
      listeningAs("bun"),
      "note",
      "under Bun, which OpenClaw does not recommend; it is local all the same",
    ],
    ["Bun, by the log", loggedAs("bun"), "note", "under Bun"],
    ["a proxy", listeningAs("nginx"), "note", "is nginx, neither node nor bun"],
    ["a program with a similar name", listeningAs("bundle"), "note", "is bundle, neither node nor bun"],
    ["unknown", loggedAs(), "unknown", "cannot be seen"],
  ])("%s", async (_what, given, status, words) => {
    expect(await finding(checkRuntime, given)).toMatchObject({
      status,
      finding: expect.stringContaining(words) as string,
    });
  });

  it("is to be changed if it is Bun, and not even a clean connection is local", async () => {
    const { gateway } = listeningAs("bun");
    const direct = refused("pairing-required", "not-paired");

    expect(await finding(checkRuntime, { gateway: { ...gateway, direct } })).toMatchObject({
      status: "fix",
      finding: expect.stringContaining("even a clean connection is not local") as string,
      fix: expect.stringContaining("openclaw gateway install") as string,
    });
  });

  it("is not judged without a gateway", async () => {
    const direct = refused("gateway-unreachable", "ECONNREFUSED");
    expect(await findings(checkRuntime, { gateway: { direct } })).toEqual([]);
  });
});
