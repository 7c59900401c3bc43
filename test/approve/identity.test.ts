import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadIdentity } from "../../src/approve/approver-identity.ts";
import { IDENTITY_FILE } from "../../src/approve/state-files.ts";
import { createDevice } from "../../src/openclaw/device.ts";

const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "shim-identity-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A state directory with a key in it. */
function makeKept(text?: string): { folder: string; path: string; pem: string } {
  const folder = makeFolder();
  const path = join(folder, IDENTITY_FILE);
  const pem = text ?? String(createDevice().privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(path, pem, { mode: 0o600 });
  return { folder, path, pem };
}

describe("the approver's identity", () => {
  it("is stored with mode 0600 in its own folder, and is the same at the next start", async () => {
    const folder = join(makeFolder(), "state", "openclaw-shim");

    const { device, why } = await loadIdentity(folder);
    const again = await loadIdentity(folder);

    expect(why).toBeUndefined();
    expect(again.device.id).toBe(device.id);
    expect(statSync(join(folder, IDENTITY_FILE)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual([IDENTITY_FILE]);
  });

  it("is one, where two shims start at once", async () => {
    const folder = makeFolder();

    const started = await Promise.all([loadIdentity(folder), loadIdentity(folder)]);

    const { device } = await loadIdentity(folder);
    expect(started.filter(({ why }) => why === undefined).map((one) => one.device.id)).toContain(device.id);
    expect(readdirSync(folder)).toEqual([IDENTITY_FILE]);
  });

  it.each([
    ["half-written", (pem: string) => pem.slice(0, 60), "is damaged: not a PEM private key"],
    ["empty", () => "", "is damaged: not a PEM private key"],
    ["huge", () => "x".repeat(5_000), "is larger than 4096 bytes"],
  ])("that is %s is named, never shown, and left as it is", async (_what, damage, why) => {
    const { folder, path, pem } = makeKept();
    const damaged = damage(pem);
    writeFileSync(path, damaged);

    const refusal = String(await loadIdentity(folder).catch((error: unknown) => error));

    expect(refusal).toContain(`${path} ${why}`);
    expect(refusal).toContain("move it away, and the shim makes a new one");
    expect(refusal).not.toContain("PRIVATE KEY-");
    expect(readFileSync(path, "utf8")).toBe(damaged);
  });

  it("that others can read is refused", async () => {
    const { folder, path, pem } = makeKept();
    chmodSync(path, 0o640);

    await expect(loadIdentity(folder)).rejects.toThrow("is open to its group; give it mode 0600");
    expect(readFileSync(path, "utf8")).toBe(pem);
  });

  it("is used on Windows, which has no modes", async () => {
    const { folder, path, pem } = makeKept();
    chmodSync(path, 0o666);
    const { geteuid } = process;
    delete process.geteuid;
    onTestFinished(() => void Object.assign(process, { geteuid }));

    const { device } = await loadIdentity(folder);

    expect(device.privateKey.export({ type: "pkcs8", format: "pem" })).toBe(pem);
  });

  it.runIf(isRoot)("that is another user's is refused", async () => {
    const { folder, path } = makeKept();
    chownSync(path, NOBODY, NOBODY);

    await expect(loadIdentity(folder)).rejects.toThrow(`belongs to user ${NOBODY}`);
  });

  it.runIf(isRoot)("that cannot be read is named", async () => {
    const { folder } = makeKept();
    chmodSync(folder, 0o755);
    process.seteuid?.(NOBODY);
    onTestFinished(() => process.seteuid?.(0));

    await expect(loadIdentity(folder)).rejects.toThrow("cannot be read (EACCES)");
  });

  it("does not wait for a FIFO in its place", async () => {
    const folder = makeFolder();
    execFileSync("mkfifo", ["-m", "600", join(folder, IDENTITY_FILE)]);

    await expect(loadIdentity(folder)).rejects.toThrow("is not a regular file");
  });

  it("exists in memory only if it cannot be stored, with the reason", async () => {
    const folder = makeFolder();
    const file = join(folder, "file");
    writeFileSync(file, "");

    const { device, why } = await loadIdentity(join(file, "state"));

    expect(device.id).toMatch(/^[0-9a-f]{64}$/);
    expect(why).toContain("ENOTDIR");
  });
});
