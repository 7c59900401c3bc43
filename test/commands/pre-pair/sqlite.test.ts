import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeHome, put, run, snapshot } from "./state.ts";

const WHY =
  /state\/openclaw\.sqlite exists: .*openclaw devices approve.*--approve seen.*before any other OpenClaw command/;

describe("a device store in SQLite", () => {
  it("is left unchanged, with advice what to do instead", async () => {
    const { home, stateDir } = makeHome();
    put(stateDir, "state/openclaw.sqlite", "SQLite format 3");
    const before = snapshot(home);

    await expect(run(stateDir)).rejects.toThrow(WHY);
    expect(snapshot(home)).toEqual(before);
  });

  it("counts as existing if it is a dangling link", async () => {
    const { stateDir } = makeHome();
    mkdirSync(join(stateDir, "state"), { recursive: true });
    symlinkSync("/nowhere/openclaw.sqlite", join(stateDir, "state/openclaw.sqlite"));

    await expect(run(stateDir)).rejects.toThrow(WHY);
  });
});
