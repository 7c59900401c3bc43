import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

/** Returns the warnings that `run` logs at its start. */
async function warningsOf(...args: readonly string[]): Promise<readonly object[]> {
  const where = ["--listen", "127.0.0.1:0", "--gateway", "ws://127.0.0.1:9"];
  const shim = start(command, ["run", ...where, ...args]);
  await shim.line(/"event":"listening"/);
  shim.signal("SIGTERM");
  expect(await shim.exit).toBe(0);
  expect(shim.stderr).toEqual([]);
  return shim.stdout.filter((line) => line.includes("setting.warning")).map((line) => JSON.parse(line));
}

describe("run", () => {
  it("starts with settings that have no effect, and logs a warning for each", async () => {
    expect(await warningsOf("--allow-from", "10.0.0.0/8", "--approve-roles", "operater")).toMatchObject([
      {
        level: "warn",
        msg: expect.stringMatching(/^--allow-from: "10\.0\.0\.0\/8" has no effect, /) as string,
        fix: expect.stringContaining("give --listen HOST:PORT") as string,
      },
      {
        msg: expect.stringMatching(/^--approve-roles: "operater" is not a known role /) as string,
        fix: expect.stringMatching(/known are operator, node$/) as string,
      },
    ]);
  });

  it("warns that --allow-from allows every address", async () => {
    const args = ["--listen", "0.0.0.0:0", "--allow-from", "0.0.0.0/0", "--allow-from", "::/0"];
    expect(await warningsOf(...args)).toMatchObject([
      { msg: expect.stringMatching(/^--allow-from: "0\.0\.0\.0\/0" allows every address: /) as string },
      { msg: expect.stringMatching(/^--allow-from: "::\/0" allows every address: /) as string },
    ]);
  });

  it("warns of a token file that its group may read", async () => {
    writeFileSync(join(command.folder, "token"), "t", { mode: 0o640 });
    expect(await warningsOf("--approve", "seen", "--token-file", "./token")).toMatchObject([
      { msg: expect.stringMatching(/token.* is open to its group$/) as string, fix: "give it mode 0600" },
    ]);
  });
});
