import { createPublicKey, sign, verify } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { deviceFromPem, deviceIdOf } from "../../../src/openclaw/device.ts";
import { fields, makeHome, modeOf, read, run, SCOPES, snapshot } from "./state.ts";

describe("pre-pair without a state directory", () => {
  it("writes the identity as OpenClaw does: a key pair and its id", async () => {
    const { stateDir } = makeHome();
    const before = Date.now();

    await run(stateDir);

    const { version, deviceId, publicKeyPem, privateKeyPem, createdAtMs, ...more } = read(
      stateDir,
      "identity/device.json",
    );
    expect({ version, more }).toEqual({ version: 1, more: {} });
    expect(createdAtMs).toBeGreaterThanOrEqual(before);
    const message = Buffer.from("signed by the device");
    const signature = sign(null, message, String(privateKeyPem));
    expect(verify(null, message, String(publicKeyPem), signature)).toBe(true);
    const { x = "" } = createPublicKey(String(publicKeyPem)).export({ format: "jwk" });
    expect(deviceId).toBe(deviceIdOf(x));
  });

  it("writes its paired entry, with an active token for each role and no pinned metadata", async () => {
    const { stateDir } = makeHome();

    await run(stateDir, { roles: ["operator", "node"], displayName: "CI" });

    const { deviceId, privateKeyPem } = read(stateDir, "identity/device.json");
    const { createdAtMs, approvedAtMs, tokens, ...entry } = fields(
      read(stateDir, "devices/paired.json")[String(deviceId)],
    );
    expect(entry).toEqual({
      deviceId,
      publicKey: deviceFromPem(String(privateKeyPem)).publicKey,
      displayName: "CI",
      role: "operator",
      roles: ["operator", "node"],
      scopes: SCOPES,
      approvedScopes: SCOPES,
    });
    expect(createdAtMs).toBe(approvedAtMs);
    const token = expect.stringMatching(/^[A-Za-z0-9_-]{43}$/);
    expect(tokens).toEqual({
      operator: { token, role: "operator", scopes: SCOPES, createdAtMs },
      node: { token, role: "node", scopes: [], createdAtMs },
    });
  });

  it.each([0o000, 0o077])(
    "creates two files and nothing else, readable by their owner alone, with umask %o",
    async (mask) => {
      const { home, stateDir } = makeHome();
      const before = process.umask(mask);
      onTestFinished(() => void process.umask(before));

      const { written } = await run(stateDir);

      expect(written).toEqual(["identity/device.json", "devices/paired.json"]);
      expect(Object.keys(snapshot(home)).toSorted()).toEqual([
        "openclaw",
        "openclaw/devices",
        "openclaw/devices/paired.json",
        "openclaw/identity",
        "openclaw/identity/device.json",
      ]);
      const modes = ["", "identity", "devices", ...written].map((path) => modeOf(join(stateDir, path)));
      expect(modes).toEqual(["700", "700", "700", "600", "600"]);
    },
  );

  it("keeps the modes of existing folders", async () => {
    const { stateDir } = makeHome();
    mkdirSync(join(stateDir, "identity"), { recursive: true, mode: 0o755 });

    await run(stateDir);

    expect(modeOf(join(stateDir, "identity"))).toBe("755");
  });

  it("creates nothing if the parent folder is missing", async () => {
    const { home } = makeHome();

    await expect(run(join(home, "typo", "openclaw"))).rejects.toThrow(
      /typo\/openclaw cannot be created \(ENOENT\); create its parent folder first/,
    );
    expect(snapshot(home)).toEqual({});
  });
});
