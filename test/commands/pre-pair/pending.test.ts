import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createDevice, identityText } from "../../../src/openclaw/device.ts";
import { makeHome, put, run, snapshot } from "./state.ts";

const device = createDevice();
const text = identityText(device, 1);
const MINE = { requestId: "r1", deviceId: device.id, silent: false, ts: 1 };
const ALSO_MINE = { requestId: "r3", deviceId: device.id, role: "node" };
const ANOTHERS = { requestId: "r2", deviceId: "ff".repeat(32), unknown: { to: "us" } };
const FORMS: [string, unknown, unknown][] = [
  [
    "an object keyed by request id",
    { r1: MINE, r2: ANOTHERS, r3: ALSO_MINE, odd: 1 },
    { r2: ANOTHERS, odd: 1 },
  ],
  ["an array", [MINE, ANOTHERS, ALSO_MINE, null], [ANOTHERS, null]],
];

describe("devices/pending.json", () => {
  it.each(FORMS)("as %s loses the device's requests and keeps the others", async (_form, before, after) => {
    const { stateDir } = makeHome();
    put(stateDir, "identity/device.json", text);
    const path = put(stateDir, "devices/pending.json", before);

    const { removedRequests, written } = await run(stateDir);

    expect(removedRequests).toEqual(["r1", "r3"]);
    expect(written).toContain("devices/pending.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(after);
  });

  it("is unchanged without requests of the device", async () => {
    const { stateDir } = makeHome();
    const path = put(stateDir, "devices/pending.json", `{"r2": ${JSON.stringify(ANOTHERS)}}\n\n`);
    const before = readFileSync(path, "utf8");

    const { removedRequests, written } = await run(stateDir);

    expect({ removedRequests, written }).toMatchObject({
      removedRequests: [],
      written: [expect.any(String), expect.any(String)],
    });
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it("is not created", async () => {
    const { stateDir } = makeHome();

    await run(stateDir);

    expect(existsSync(join(stateDir, "devices/pending.json"))).toBe(false);
  });

  it("of another kind is refused", async () => {
    const { home, stateDir } = makeHome();
    put(stateDir, "devices/pending.json", '"requests"');
    const before = snapshot(home);

    await expect(run(stateDir)).rejects.toThrow(/pending\.json is not an object or a list of requests/);
    expect(snapshot(home)).toEqual(before);
  });
});
