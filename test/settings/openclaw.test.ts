import { mkdtempSync, mkdirSync, rmSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { file, load, problems } from "./load.ts";

const home = mkdtempSync(join(tmpdir(), "shim-openclaw-"));
mkdirSync(join(home, ".openclaw"));
copyFileSync(file("openclaw.json"), join(home, ".openclaw", "openclaw.json"));
afterAll(() => rmSync(home, { recursive: true }));

describe("OpenClaw's own config", () => {
  it.each([
    ["the home", { HOME: home }],
    ["OPENCLAW_HOME", { OPENCLAW_HOME: home }],
    ["OPENCLAW_STATE_DIR", { OPENCLAW_STATE_DIR: join(home, ".openclaw") }],
    ["OPENCLAW_STATE_DIR with ~", { HOME: home, OPENCLAW_STATE_DIR: "~/.openclaw" }],
    ["OPENCLAW_CONFIG_PATH", { OPENCLAW_CONFIG_PATH: file("openclaw.json") }],
  ])("gives the gateway's port, found by %s", async (_, env) => {
    expect((await load([], env)).gateway.url).toBe("ws://127.0.0.1:19001");
  });

  it.each([
    ["19002", 19_002],
    [" 127.0.0.1:19003 ", 19_003],
    ["[::1]:19004", 19_004],
    ["nonsense", 19_001],
    ["70000", 19_001],
  ])("yields to OPENCLAW_GATEWAY_PORT=%s as in OpenClaw itself", async (text, port) => {
    expect((await load([], { HOME: home, OPENCLAW_GATEWAY_PORT: text })).gateway.port).toBe(port);
  });

  it("makes the gateway wss if it has TLS", async () => {
    expect((await load([], { OPENCLAW_CONFIG_PATH: file("openclaw-tls.json") })).gateway.url).toBe(
      "wss://127.0.0.1:18789",
    );
  });

  it("may be missing", async () => {
    expect((await load([], { OPENCLAW_CONFIG_PATH: "/nonexistent/openclaw.json" })).gateway.port).toBe(
      18_789,
    );
  });

  it.each(["damaged.json5", "openclaw-include.json", "openclaw-bad-port.json", "not-an-object.json5"])(
    "is a problem if it is invalid and needed: %s",
    async (name) => {
      const env = { OPENCLAW_CONFIG_PATH: file(name) };
      const [problem = "", ...others] = await problems([], env);
      expect(others).toEqual([]);
      expect(problem).toContain(file(name));
      expect(problem).toMatch(/give --gateway URL$/);
      expect(problem).not.toContain("sekrit");
      expect(await problems(["--gateway", "ws://127.0.0.1:1"], env)).toEqual([]);
    },
  );
});
