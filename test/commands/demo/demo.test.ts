import { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { demo } from "../../../src/commands/demo/demo-command.ts";

async function run(): Promise<{ code: number; text: string; ms: number }> {
  let text = "";
  const start = performance.now();
  const code = await demo((part) => (text += part), "openclaw-shim");
  return { code, text, ms: performance.now() - start };
}

/** Returns the part of the text about one release. */
function sectionOf(text: string, release: string): string {
  return text.split(/^(?=OpenClaw 2026)/m).find((part) => part.startsWith(`OpenClaw ${release}\n`)) ?? "";
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.doUnmock("../../../src/shim.ts");
  vi.resetModules();
});

describe("demo", () => {
  it("shows a client refused without the shim and connected through it, on an old and a new release", async () => {
    const { code, text, ms } = await run();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2_000);
    const [old, recent] = [sectionOf(text, "2026.2.19"), sectionOf(text, "2026.9.6")];
    expect(old).toMatch(
      /refused +gateway closed \(1008\): pairing required\n[^]*connected +hello-ok, protocol 3\n/,
    );
    expect(recent).toMatch(
      /refused +HTTP 403 proxy_attribution_required\n[^]*connected +hello-ok, protocol 4\n/,
    );
    for (const part of [old, recent]) {
      expect(part).toMatch(/shim reports +connected after \d+ ms\n/);
      expect(part).toMatch(/client +cli, device [0-9a-f]{12}\n/);
      expect(part).toMatch(/granted +operator: operator\.read, and a device token\n/);
      expect(part).toMatch(/Host +sandbox\.example\.com -> 127\.0\.0\.1:\d+\n/);
      expect(part).toMatch(/removed +x-forwarded-for /);
    }
    expect(text).toMatch(/openclaw-shim run[^]*openclaw-shim env[^]*openclaw-shim doctor/);
  });

  it("shows the command that fixes a pending request of the device", async () => {
    const section = sectionOf((await run()).text, "2026.4.5");
    expect(section).toMatch(
      /shim reports +pairing-required \(not-paired\)[^]*fix [^]*openclaw devices approve [\w-]{36}\n/,
    );
    expect(section).toMatch(/after that one command\n +connected +hello-ok/);
  });

  it("connects to loopback only", async () => {
    const connect = vi.spyOn(Socket.prototype, "connect");
    await run();
    const hosts = connect.mock.calls.map(([first]: unknown[]) => hostOf(first));
    expect(hosts.length).toBeGreaterThan(10);
    expect(new Set(hosts)).toEqual(new Set(["127.0.0.1"]));
  });

  it("shows no token and no key", async () => {
    const { text } = await run();
    expect(text).not.toMatch(/[0-9a-f]{16}|[\w-]{37}|PRIVATE|Bearer/);
  });

  it("returns 1 if the shim does not work", async () => {
    vi.resetModules();
    vi.doMock("../../../src/shim.ts", () => ({
      openShim: () => Promise.reject(new Error("no shim today")),
    }));
    const { demo: broken } = await import("../../../src/commands/demo/demo-command.ts");
    let text = "";
    expect(await broken((part) => (text += part), "openclaw-shim")).toBe(1);
    expect(text).toMatch(/The demo failed: no shim today\n$/);
  });
});

/** Returns the host of `Socket.connect`'s first argument, which Node's own callers pass as a list. */
function hostOf(argument: unknown): unknown {
  const options: unknown = Array.isArray(argument) ? argument[0] : argument;
  return typeof options === "object" && options !== null && "host" in options ? options.host : options;
}
