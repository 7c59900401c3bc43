import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

/** Returns the stderr of `run` from its start until it is ended. */
async function stderrOf(...args: readonly string[]): Promise<readonly string[]> {
  const where = ["--listen", "127.0.0.1:0", "--gateway", "ws://127.0.0.1:9"];
  const shim = start(command, ["run", ...where, ...args]);
  await shim.line(/"event":"listening"/);
  shim.signal("SIGTERM");
  expect(await shim.exit).toBe(0);
  return shim.stderr;
}

describe("run", () => {
  it("starts with settings that have no effect, and warns of each on stderr", async () => {
    expect(await stderrOf("--allow-from", "10.0.0.0/8", "--approve-roles", "operater")).toEqual([
      expect.stringMatching(/^openclaw-shim: warning: --allow-from: "10\.0\.0\.0\/8" has no effect, /),
      expect.stringMatching(
        /^openclaw-shim: warning: --approve-roles: "operater" is not a known role .*known are operator, node$/,
      ),
    ]);
  });

  it("warns of a token file that its group may read", async () => {
    writeFileSync(join(command.folder, "token"), "t", { mode: 0o640 });
    expect(await stderrOf("--approve", "seen", "--token-file", "./token")).toEqual([
      expect.stringMatching(/warning: .*token.* is open to its group; give it mode 0600$/),
    ]);
  });
});
