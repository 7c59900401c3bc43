import { chmodSync, chownSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkFiles } from "../../../src/commands/doctor/config-checks.ts";
import { readOpenclawFiles, type OpenclawFiles } from "../../../src/commands/doctor/openclaw-files.ts";
import { makeHome } from "./bench.ts";
import { findings } from "./context.ts";

const NOBODY = 65_534;
const STORE = { "devices/paired.json": "{}" };

/** Reads as another user than root, as whom file modes mean nothing. */
function readAs(uid: number, home: string): OpenclawFiles {
  process.seteuid?.(uid);
  return readOpenclawFiles({ HOME: home });
}

describe.runIf(process.geteuid?.() === 0)("OpenClaw's files", () => {
  afterEach(() => process.seteuid?.(0));

  it("of another user that cannot be read are named", () => {
    const home = makeHome({}, STORE);
    chmodSync(home, 0o755);

    const { bad } = readAs(NOBODY, home);

    expect(bad.map(({ why }) => why)).toContain("cannot be read (EACCES)");
  });

  it("that cannot be read are one finding", async () => {
    const home = makeHome({}, STORE);
    chmodSync(home, 0o755);

    const openclaw = readAs(NOBODY, home);

    const found = await findings(checkFiles, { openclaw });
    expect(found).toMatchObject([{ status: "fix", fix: expect.stringContaining("as the owner") as string }]);
    expect(JSON.stringify(found)).toContain("openclaw.json cannot be read (EACCES), nor can paired.json");
  });

  it("of another user that can be read are named", () => {
    const home = makeHome({}, STORE);
    chmodSync(home, 0o755);
    chmodSync(join(home, ".openclaw", "devices", "paired.json"), 0o644);

    const { bad, devices } = readAs(NOBODY, home);

    expect(devices).toEqual({ pending: [], paired: [] });
    expect(bad.map(({ why }) => why)).toContain("belongs to user 0, so OpenClaw here cannot write it");
  });

  it("of another user are not reported to root", () => {
    const home = makeHome({}, STORE);
    chownSync(join(home, ".openclaw", "devices", "paired.json"), NOBODY, NOBODY);

    expect(readOpenclawFiles({ HOME: home }).bad).toEqual([]);
  });
});
