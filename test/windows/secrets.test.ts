import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { handshake } from "../support/client.ts";
import { TOKEN } from "../support/gateways.ts";
import { OWN, PUBLIC, systemPrograms, USER_ALONE } from "./doubles.ts";
import { startShim } from "./shim.ts";
import { testFolder, windowsPath } from "./wine.ts";

/** Makes a folder with a token file, and the flags for the approver. */
function approver() {
  const folder = testFolder();
  const doubles = systemPrograms();
  const tokenFile = join(folder, "token.txt");
  writeFileSync(tokenFile, `${TOKEN}\r\n`);
  const args = ["--approve", "seen", "--token-file", windowsPath(tokenFile)];
  return { folder, doubles, tokenFile, args, env: { ...doubles.env, LOCALAPPDATA: windowsPath(folder) } };
}

describe("--approve seen", () => {
  it("approves a scope upgrade over two starts, with one identity that is this user's alone", async () => {
    const gateway = await startFakeGateway({ release: "2026.4.5", token: TOKEN });
    onTestFinished(() => gateway.close());
    const { folder, doubles, args, env } = approver();
    const identity = join(folder, "openclaw-shim", "device.pem");
    const keys = new Set<string>();
    for (let start = 1; start <= 2; start += 1) {
      const shim = await startShim(`ws://127.0.0.1:${gateway.port}`, args, { env });
      const device = createDevice();
      const connect = (...scopes: string[]) =>
        handshake({ url: `ws://127.0.0.1:${shim.port}`, token: TOKEN, device, scopes });
      await connect("operator.read");
      expect(await connect("operator.admin")).toMatchObject({ ok: false });
      expect(await shim.line(/"event":"approved"/)).toContain(device.id);
      expect(await connect("operator.admin")).toMatchObject({ ok: true });
      shim.kill();
      await shim.exit;
      keys.add(readFileSync(identity, "utf8"));
    }
    expect(keys.size).toBe(1);
    expect(doubles.accessOf(identity)).toBe(USER_ALONE);
  });

  it("refuses an identity that all users can read", async () => {
    const { folder, doubles, args, env } = approver();
    const first = await startShim("ws://127.0.0.1:9", args, { env });
    first.kill();
    await first.exit;
    doubles.setAccess(join(folder, "openclaw-shim", "device.pem"), PUBLIC);

    const second = startShim("ws://127.0.0.1:9", args, { env });
    await expect(second).rejects.toThrow(/device\.pem is open to every user of the machine; run icacls/);
  });
});

describe("--token-file", () => {
  it("is read if the file is this user's, as files in a user's profile are", async () => {
    const { doubles, tokenFile, args, env } = approver();
    doubles.setAccess(tokenFile, OWN);
    const shim = await startShim("ws://127.0.0.1:9", args, { env });
    expect(shim.stdout().join("\n")).not.toContain("is open to");
  });

  it("is read with a warning if one other user or group can read it", async () => {
    const { doubles, tokenFile, args, env } = approver();
    doubles.setAccess(tokenFile, `${OWN}(A;;FR;;;S-1-5-21-1-2-3-1002)`);
    const shim = await startShim("ws://127.0.0.1:9", args, { env });
    expect(await shim.line(/"event":"setting.warning"/)).toContain("user or group S-1-5-21-1-2-3-1002");
  });

  it.each([
    ["all users can read it", PUBLIC, "is open to every user of the machine; run icacls"],
    ["Windows does not show who can", "", "cannot be checked for who may read it"],
  ])("is refused if %s", async (_what, list, why) => {
    const { doubles, tokenFile, args, env } = approver();
    doubles.setAccess(tokenFile, list);
    await expect(startShim("ws://127.0.0.1:9", args, { env })).rejects.toThrow(why);
  });
});
