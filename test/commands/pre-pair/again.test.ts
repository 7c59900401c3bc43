import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeHome, modeOf, run, snapshot } from "./state.ts";

describe("pre-pair, run a second time", () => {
  it("changes nothing and reports that", async () => {
    const { home, stateDir } = makeHome();
    const first = await run(stateDir);
    const before = snapshot(home);

    const second = await run(stateDir);

    expect(second).toEqual({ ...first, identity: "kept", paired: "unchanged", written: [] });
    expect(snapshot(home)).toEqual(before);
  });

  it("makes files that others can read private, and changes nothing in them", async () => {
    const { stateDir } = makeHome();
    const { written } = await run(stateDir);
    const contents = written.map((name) => readFileSync(join(stateDir, name), "utf8"));
    for (const name of written) chmodSync(join(stateDir, name), 0o644);

    const again = await run(stateDir);

    expect(again.written).toEqual(written);
    expect(written.map((name) => modeOf(join(stateDir, name)))).toEqual(["600", "600"]);
    expect(written.map((name) => readFileSync(join(stateDir, name), "utf8"))).toEqual(contents);
  });

  it("writes nothing in a dry run, and reports what it would write", async () => {
    const { home, stateDir } = makeHome();

    const plan = await run(stateDir, { dryRun: true });

    expect(plan).toMatchObject({
      identity: "created",
      paired: "created",
      written: [expect.any(String), expect.any(String)],
    });
    expect(plan.deviceId).toBeUndefined();
    expect(snapshot(home)).toEqual({});
  });
});
