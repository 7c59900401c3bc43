import { describe, expect, it } from "vitest";
import { runtime } from "../../../src/commands/doctor/checks/runtime.ts";
import type { Facts } from "../../../src/commands/doctor/facts.ts";
import { facts, refused } from "./facts.ts";

const listeningAs = (program: string): Partial<Facts> => ({
  listener: { pid: 4711, program, name: "openclaw" },
});
/** The listener could not be seen; the gateway's log names its runtime, or nothing does. */
const loggedAs = (name: string | undefined): Partial<Facts> => ({ listener: undefined, runtime: name });

describe("the gateway's runtime", () => {
  it.each<[string, Partial<Facts>, string, string]>([
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
    ["a program of a like name", listeningAs("bundle"), "note", "is bundle, neither node nor bun"],
    ["nobody knows what", loggedAs(undefined), "unknown", "cannot be seen from here"],
  ])("%s", (_what, given, status, words) => {
    expect(runtime(facts(given))).toMatchObject({
      status,
      finding: expect.stringContaining(words) as string,
    });
  });

  it("is to be changed where it is Bun, and not even a clean connection is local", () => {
    const finding = runtime(
      facts({ ...listeningAs("bun"), direct: refused("pairing-required", "not-paired") }),
    );

    expect(finding).toMatchObject({
      status: "fix",
      finding: expect.stringContaining("takes not even a clean loopback connection for local") as string,
      fix: expect.stringContaining("openclaw gateway install --runtime node --force") as string,
    });
  });

  it("is nobody's where there is no gateway", () => {
    const unreachable = { code: "ECONNREFUSED", message: "connect ECONNREFUSED" };
    expect(runtime(facts({ unreachable }))).toEqual([]);
  });
});
