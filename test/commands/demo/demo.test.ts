import { afterEach, describe, expect, it, vi } from "vitest";
import { demo } from "../../../src/commands/demo/demo-command.ts";
import { SettingsError } from "../../../src/settings/settings-error.ts";

async function run(...args: string[]): Promise<{ code: number; text: string; ms: number }> {
  let text = "";
  const start = performance.now();
  const code = await demo(args, (part) => (text += part), "openclaw-shim");
  return { code, text, ms: performance.now() - start };
}

afterEach(() => {
  vi.doUnmock("../../../src/index.ts");
  vi.resetModules();
});

describe("demo", () => {
  it("shows refused without the shim and connected through it, on an old and a new release", async () => {
    const { code, text, ms } = await run();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(10_000);
    const old = text.slice(text.indexOf("OpenClaw 2026.2.19"), text.indexOf("OpenClaw 2026.9.6"));
    const recent = text.slice(text.indexOf("OpenClaw 2026.9.6"), text.indexOf("OpenClaw 2026.4.5"));
    expect(old).toMatch(
      /refused +gateway closed \(1008\): pairing required\n[^]*connected +hello-ok, protocol 3\n/,
    );
    expect(recent).toMatch(
      /refused +HTTP 403 proxy_attribution_required\n[^]*connected +hello-ok, protocol 4\n/,
    );
    for (const part of [old, recent]) {
      expect(part).toMatch(/shim reports +connected after \d+ ms\n/);
      expect(part).toMatch(/Host +sandbox\.example\.com -> 127\.0\.0\.1:\d+\n/);
      expect(part).toMatch(/removed +x-forwarded-for /);
    }
    expect(text).toMatch(/openclaw-shim run[^]*openclaw-shim env/);
  });

  it("shows what mends a refusal that the gateway remembers", async () => {
    const { text } = await run();
    const last = text.slice(text.indexOf("OpenClaw 2026.4.5"));
    expect(last).toMatch(
      /shim reports +pairing-required \(not-paired\)[^]*fix +.*:\n +openclaw devices approve [\w-]{36}\n/,
    );
    expect(last).toMatch(/after that one command\n +connected +hello-ok/);
  });

  it("takes no arguments", async () => {
    await expect(run("--release", "1")).rejects.toThrow(SettingsError);
    await expect(run("--release", "1")).rejects.toThrow('"--release": demo has no arguments but --help');
  });

  it("gives 1 when the shim does not do its work", async () => {
    vi.resetModules();
    vi.doMock("../../../src/index.ts", () => ({
      startShim: () => Promise.reject(new Error("no shim today")),
    }));
    const { demo: broken } = await import("../../../src/commands/demo/demo-command.ts");
    let text = "";
    expect(await broken([], (part) => (text += part), "openclaw-shim")).toBe(1);
    expect(text).toMatch(/went wrong.*: no shim today\n$/);
  });
});
