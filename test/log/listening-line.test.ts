import { describe, expect, it } from "vitest";
import { prettyLines } from "../../src/log/pretty.ts";
import { nextSteps } from "../../src/cli/next-steps.ts";
import { programOf } from "../../src/cli/program.ts";

const GATEWAY = "ws://127.0.0.1:18789";
const NO_HOME: Record<string, string> = { HOME: "/nonexistent" };
const WITH_TOKEN: Record<string, string> = { ...NO_HOME, OPENCLAW_GATEWAY_TOKEN: "t" };

/** Returns the rows of a formatted `listening` line, without the time. */
function listening(addresses: string[], gateway = GATEWAY, env = WITH_TOKEN): string[] {
  const lines = prettyLines({
    colors: false,
    columns: () => undefined,
    nextSteps: nextSteps("openclaw-shim", env),
  });
  const line = {
    level: "info",
    time: "2026-01-02T03:04:05.678Z",
    event: "listening",
    addresses,
    gateway,
    msg: "listening",
  };
  const rows = lines(JSON.stringify(line)).trimEnd().split("\n");
  return rows.map((row) => row.replace(/^\d\d:\d\d:\d\d {2}/, "").trim());
}

describe("the listening line", () => {
  it("has the addresses, the gateway, the next command and the page, without line breaks", () => {
    expect(listening(["127.0.0.1:18788", "[::1]:18788"])).toEqual([
      "listening             on ws://127.0.0.1:18788 and ws://[::1]:18788 for the gateway at ws://127.0.0.1:18789",
      "point tools here: export OPENCLAW_GATEWAY_PORT=18788",
      "try next: openclaw-shim doctor",
      "watch: http://127.0.0.1:18788/__shim__/",
    ]);
  });

  it.each([
    [["127.0.0.1:18789"], "ws://127.0.0.1:18787", "--listen 127.0.0.1:18789 --gateway ws://127.0.0.1:18787"],
    [["0.0.0.0:18788"], "ws://127.0.0.1:1", "--gateway ws://127.0.0.1:1"],
    [["172.17.0.1:18788", "[::]:5"], GATEWAY, "--listen '[::1]:5'"],
    [["172.17.0.1:18788"], "ws://127.0.0.1:1", "--gateway ws://127.0.0.1:1"],
  ])("adds the settings that are not the default to the command: %s for %s", (at, gateway, flags) => {
    expect(listening(at, gateway)).toContain(`try next: openclaw-shim doctor ${flags}`);
  });

  it.each([
    [["127.0.0.1:18788"], NO_HOME, ""],
    [["127.0.0.1:18788"], { ...WITH_TOKEN, OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" }, ""],
    [["[::1]:5"], WITH_TOKEN, " --listen '[::1]:5'"],
  ])("names env where one variable is not enough: %j, %j", (at, env, flags) => {
    expect(listening(at, GATEWAY, env)[1]).toBe(`point tools here: eval "$(openclaw-shim env${flags})"`);
  });

  it("has a command that does not fit beside its name below it", () => {
    const lines = prettyLines({
      colors: false,
      columns: () => 30,
      nextSteps: () => [["try next", "shim doctor --listen 5"]],
    });
    const text = lines(
      JSON.stringify({ level: "info", event: "listening", addresses: [], gateway: GATEWAY }),
    );
    expect(text).toContain("\n          try next:\nshim doctor --listen 5\n");
  });

  it("has no page if the shim listens on no loopback address", () => {
    expect(listening(["172.17.0.1:18788"])).toHaveLength(2);
  });
});

describe("programOf", () => {
  it.each([
    ["/usr/local/bin/openclaw-shim", "openclaw-shim"],
    ["/work/dist/openclaw-shim.mjs", "node /work/dist/openclaw-shim.mjs"],
    ["/my files/openclaw-shim.mjs", "openclaw-shim"],
    ["/tmp/$(reboot).mjs", "openclaw-shim"],
  ])("returns for %s: %s", (script, program) => {
    expect(programOf(["/usr/bin/node", script])).toBe(program);
  });

  it("returns the name of the program if Node has no script path", () => {
    expect(programOf(["/usr/bin/node"])).toBe("openclaw-shim");
  });
});
