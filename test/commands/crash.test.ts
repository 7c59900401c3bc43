import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const RUN = ["run", "--listen", "127.0.0.1:0", "--gateway", "ws://127.0.0.1:9"];

/** Returns an environment in which the process runs `code` at SIGUSR2. */
function atSignal(code: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=data:text/javascript,process.on('SIGUSR2',()=>{${code}})` };
}

describe("an internal error", () => {
  it.each([
    ["an uncaught exception", "throw(new/**/TypeError('bug'))"],
    ["an unhandled rejection", "Promise.reject(new/**/TypeError('bug'))"],
  ])("that is %s is one log line with the stack, and exit code 1", async (_what, code) => {
    const shim = start(command, RUN, atSignal(code));
    await shim.line(/"event":"listening"/);
    shim.signal("SIGUSR2");
    expect(await shim.exit).toBe(1);
    const line: unknown = JSON.parse(shim.stdout.at(-1) ?? "");
    expect(line).toMatchObject({
      level: "fatal",
      event: "crashed",
      reason: "TypeError: bug",
      stack: expect.stringMatching(/^TypeError: bug\n {4}at /),
    });
    expect(shim.stderr.filter((text) => text.includes("bug"))).toEqual([]);
    for (const text of shim.stdout)
      expect(JSON.parse(text)).toMatchObject({ time: expect.stringMatching(ISO_TIME) });
  });

  it("is one line on stderr if the log is silent", async () => {
    const env = {
      NODE_OPTIONS: "--import=data:text/javascript,setTimeout(()=>{throw(new/**/TypeError('bug'))},500)",
    };
    const shim = start(command, [...RUN, "--log-level", "silent"], env);
    expect(await shim.exit).toBe(1);
    expect(shim.stderr).toContain("openclaw-shim: internal error: TypeError: bug");
  });
});
