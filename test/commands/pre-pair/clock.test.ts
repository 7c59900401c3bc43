import { describe, expect, it } from "vitest";
import { setClock } from "../../support/clock.ts";
import { fields, makeHome, read, run, snapshot } from "./state.ts";

describe("pre-pair, if the clock", () => {
  it.each([
    ["was never set", 0],
    ["is far ahead", Date.parse("2199-01-01")],
  ])(
    "%s, writes times that every release accepts: whole milliseconds, none before 1970",
    async (_what, now) => {
      setClock(now);
      const { stateDir } = makeHome();

      const { deviceId = "" } = await run(stateDir);

      const entry = fields(read(stateDir, "devices/paired.json")[deviceId]);
      const token = fields(fields(entry["tokens"])["operator"]);
      expect(entry).toMatchObject({ createdAtMs: now, approvedAtMs: now });
      expect(token).toMatchObject({ createdAtMs: now });
      expect(read(stateDir, "identity/device.json")).toMatchObject({ createdAtMs: now });
    },
  );

  it("was set back since the last run, changes nothing", async () => {
    const { home, stateDir } = makeHome();
    setClock("2030-01-01");
    await run(stateDir);
    const before = snapshot(home);

    setClock("2020-01-01");
    const again = await run(stateDir);

    expect(again).toMatchObject({ identity: "kept", paired: "unchanged", written: [] });
    expect(snapshot(home)).toEqual(before);
  });
});
