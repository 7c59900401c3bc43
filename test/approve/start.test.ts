import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IDENTITY_FILE } from "../../src/approve/state-files.ts";
import { bundle, start, type Bundle } from "../commands/bundle.ts";

const HALF = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw";
const ARGS = ["run", "--approve", "seen", "--listen", "127.0.0.1:0", "--gateway", "ws://127.0.0.1:2"];

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

describe("openclaw-shim run --approve seen", () => {
  it("with a half-written identity ends with 1 and one line, and leaves the file as it was", async () => {
    const folder = join(command.folder, "openclaw-shim");
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, IDENTITY_FILE), HALF, { mode: 0o600 });

    const run = start(command, ARGS, { XDG_STATE_HOME: command.folder, OPENCLAW_GATEWAY_TOKEN: "s3kr3t" });

    expect(await run.exit).toBe(1);
    expect(run.stderr).toEqual([
      `openclaw-shim: cannot start: the shim's device identity ${join(folder, IDENTITY_FILE)} is damaged: not a PEM private key; move it away, and the shim makes a new one`,
    ]);
    expect(readFileSync(join(folder, IDENTITY_FILE), "utf8")).toBe(HALF);
  });

  it("with a damaged config of OpenClaw's, where the token would be, ends with 2 and says so", async () => {
    const config = join(command.folder, "openclaw.json");
    writeFileSync(config, '{"gateway": {"auth": {"token": "s3kr3t', { mode: 0o600 });

    const run = start(command, ARGS, { OPENCLAW_CONFIG_PATH: config });

    expect(await run.exit).toBe(2);
    expect(run.stderr).toHaveLength(1);
    expect(run.stderr[0]).toContain(`OpenClaw's config ${config} is not JSON5`);
    expect(run.stderr[0]).toContain("give --token-file FILE or set OPENCLAW_GATEWAY_TOKEN");
    expect(run.stderr[0]).not.toContain("s3kr3t");
  });
});
