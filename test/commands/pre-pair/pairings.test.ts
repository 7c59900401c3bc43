import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDevice, identityText } from "../../../src/openclaw/device.ts";
import { fields, makeHome, put, read, run, SCOPES, snapshot, type Fields } from "./state.ts";

const device = createDevice();
const text = identityText(device, 1);
const OTHER = "00".repeat(32);
const ENTRY = {
  deviceId: device.id,
  publicKey: device.publicKey,
  platform: "linux",
  role: "operator",
  roles: ["operator"],
  scopes: ["operator.read"],
  approvedScopes: ["operator.read"],
  tokens: { operator: { token: "kept", role: "operator", scopes: ["operator.read"], createdAtMs: 5 } },
  createdAtMs: 5,
  approvedAtMs: 6,
  unknown: [{ to: "us" }],
};

/** Runs pre-pair with the given entry for the device, and returns the resulting entry. */
async function entryAfter(entry: unknown, overrides = {}): Promise<Fields> {
  const { stateDir } = makeHome();
  put(stateDir, "identity/device.json", text);
  put(stateDir, "devices/paired.json", { [OTHER]: ENTRY, [device.id]: entry });
  await run(stateDir, overrides);
  const all = read(stateDir, "devices/paired.json");
  expect(all[OTHER]).toEqual(ENTRY);
  return fields(all[device.id]);
}

describe("an existing devices/paired.json", () => {
  it("keeps every other device and every unknown key, value for value and in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (others) => {
        const { stateDir } = makeHome();
        const before = JSON.stringify(others);
        put(stateDir, "devices/paired.json", before);

        const { deviceId = "" } = await run(stateDir);

        const { [deviceId]: added, ...rest } = read(stateDir, "devices/paired.json");
        expect(JSON.stringify(rest)).toBe(JSON.stringify(JSON.parse(before)));
        expect(added).toMatchObject({ deviceId });
      }),
      { numRuns: 60 },
    );
  });

  it("gets what the device's entry lacks; nothing is removed from it, its token stays", async () => {
    const { approvedAtMs, ...entry } = await entryAfter(ENTRY);

    const scopes = ["operator.read", "operator.admin"];
    const { approvedAtMs: _before, ...kept } = ENTRY;
    expect(entry).toEqual({
      ...kept,
      scopes,
      approvedScopes: scopes,
      tokens: { operator: { ...ENTRY.tokens.operator, scopes } },
    });
    expect(approvedAtMs).toBeGreaterThan(ENTRY.approvedAtMs);
  });

  it("gets a token if the entry has none: without one the entry does not count", async () => {
    const { tokens: _none, ...entry } = { ...ENTRY, scopes: SCOPES, approvedScopes: SCOPES };

    expect((await entryAfter(entry))["tokens"]).toMatchObject({ operator: { scopes: SCOPES } });
  });

  it("gets a new token in place of a revoked one", async () => {
    const revoked = { ...ENTRY.tokens.operator, revokedAtMs: 7 };

    const { tokens } = await entryAfter({ ...ENTRY, tokens: { operator: revoked } });
    const operator = fields(fields(tokens)["operator"]);

    expect(operator).not.toHaveProperty("revokedAtMs");
    expect(operator["token"]).not.toBe("kept");
    expect(operator).toMatchObject({ createdAtMs: 5, rotatedAtMs: expect.any(Number) });
  });

  it("gets another role beside the existing one", async () => {
    const entry = await entryAfter(ENTRY, { roles: ["node"], scopes: [] });

    expect(entry).toMatchObject({ role: "operator", roles: ["operator", "node"], scopes: ENTRY.scopes });
    expect(entry["tokens"]).toMatchObject({
      operator: ENTRY.tokens.operator,
      node: { role: "node", scopes: [] },
    });
  });

  it.each([
    ["is another key's", { ...ENTRY, publicKey: "A".repeat(43) }],
    ["has scopes that are not a list", { ...ENTRY, scopes: "operator.read" }],
    ["has a token of the wrong type", { ...ENTRY, tokens: { operator: "kept" } }],
    ["is not an object", [ENTRY]],
    ["is null", null],
  ])("is refused when the device's entry %s", async (_what, entry) => {
    const { home, stateDir } = makeHome();
    put(stateDir, "identity/device.json", text);
    put(stateDir, "devices/paired.json", { [device.id]: entry });
    const before = snapshot(home);

    await expect(run(stateDir)).rejects.toThrow(
      new RegExp(`paired\\.json has an entry ${device.id} that is not from OpenClaw; remove that entry`),
    );
    expect(snapshot(home)).toEqual(before);
  });
});
