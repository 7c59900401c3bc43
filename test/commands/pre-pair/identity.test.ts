import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createDevice, identityText } from "../../../src/openclaw/device.ts";
import { makeHome, parse, put, read, run, snapshot, type Fields } from "./state.ts";

const mine = (): Fields => parse(identityText(createDevice(), 1));

describe("an existing identity", () => {
  it("is kept, byte for byte, and paired", async () => {
    const { stateDir } = makeHome();
    const identity: Fields = { ...mine(), comment: "unknown keys too" };
    const path = put(stateDir, "identity/device.json", identity);

    const report = await run(stateDir);

    expect(readFileSync(path, "utf8")).toBe(JSON.stringify(identity));
    expect(report).toMatchObject({ identity: "kept", deviceId: identity["deviceId"], paired: "created" });
    expect(Object.keys(read(stateDir, "devices/paired.json"))).toEqual([identity["deviceId"]]);
  });

  it.each([
    ["of another version", (own: object) => ({ ...own, version: 2 })],
    ["whose id is another's", (own: object) => ({ ...own, deviceId: mine()["deviceId"] })],
    ["whose public key is another's", (own: object) => ({ ...own, publicKeyPem: mine()["publicKeyPem"] })],
    ["without a private key", (own: object) => ({ ...own, privateKeyPem: undefined })],
    [
      "whose private key is damaged",
      (own: object) => ({ ...own, privateKeyPem: "-----BEGIN PRIVATE KEY-----" }),
    ],
    ["that is a list", (own: object) => [own]],
    ["that is null", () => null],
  ])("%s is refused and left unchanged", async (_what, spoil) => {
    const { home, stateDir } = makeHome();
    put(stateDir, "identity/device.json", spoil(mine()));
    const before = snapshot(home);

    const refusal = await run(stateDir).catch((error: unknown) => error);

    expect(String(refusal)).toMatch(
      /identity\/device\.json is not a device identity .*move it away to get a new one/,
    );
    expect(String(refusal)).not.toContain("BEGIN");
    expect(snapshot(home)).toEqual(before);
  });
});
