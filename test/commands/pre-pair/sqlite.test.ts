import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeHome, put, run, snapshot } from "./state.ts";

const WHY =
  /state\/openclaw\.sqlite is there: .*openclaw devices approve.*--approve seen.*before any other OpenClaw command/;

describe("a store that is SQLite already", () => {
  it("is left alone, with what to do instead", async () => {
    const { home, stateDir } = makeHome();
    put(stateDir, "state/openclaw.sqlite", "SQLite format 3");
    const before = snapshot(home);

    await expect(run(stateDir)).rejects.toThrow(WHY);
    expect(snapshot(home)).toEqual(before);
  });

  it("counts as there when it is a link to nowhere", async () => {
    const { stateDir } = makeHome();
    mkdirSync(join(stateDir, "state"), { recursive: true });
    symlinkSync("/nowhere/openclaw.sqlite", join(stateDir, "state/openclaw.sqlite"));

    await expect(run(stateDir)).rejects.toThrow(WHY);
  });
});
