import { describe, expect, it } from "vitest";
import { file, load, problems } from "./load.ts";

const CONFIG = { OPENCLAW_CONFIG_PATH: file("openclaw.json") };

describe("an OPENCLAW_GATEWAY_PORT that leads to the shim itself", () => {
  it.each([
    ["18788", []],
    ["127.0.0.1:18788", []],
    ["20001", ["--listen", "[::1]:20000", "--listen", "127.0.0.1:20001"]],
    ["20001", ["--listen", "0.0.0.0:20001", "--allow-from", "10.0.0.0/8"]],
  ])("is for the tools and does not name the gateway: %s with %j", async (port, args) => {
    const env = { OPENCLAW_GATEWAY_PORT: port };
    expect((await load(args, env)).gateway.url).toBe("ws://127.0.0.1:18789");
    expect((await load(args, { ...env, ...CONFIG })).gateway.url).toBe("ws://127.0.0.1:19001");
  });

  it.each([
    ["OPENCLAW_SHIM_LISTEN", { OPENCLAW_SHIM_LISTEN: "127.0.0.1:20001" }],
    ["a file", { OPENCLAW_SHIM_CONFIG: file("gateway-port.json5") }],
  ])("is recognized if %s sets the listener", async (_, env) => {
    expect((await load([], { OPENCLAW_GATEWAY_PORT: "20001", ...env })).gateway.port).toBe(18_789);
  });

  it.each([
    ["--listen", "127.0.0.1:20001"],
    ["--listen", "[::1]:18788"],
  ])("names the gateway if the shim listens elsewhere: %s %s", async (...args) => {
    expect((await load(args, { OPENCLAW_GATEWAY_PORT: "18788" })).gateway.url).toBe("ws://127.0.0.1:18788");
  });

  it.each(["99999", "0", "foo:bar:18790", "::1:18789"])("is ignored if it is %s", async (port) => {
    expect((await load([], { OPENCLAW_GATEWAY_PORT: port, ...CONFIG })).gateway.port).toBe(19_001);
  });

  it("does not hide a config that leads there", async () => {
    const args = ["--listen", "127.0.0.1:19001"];
    expect(await problems(args, { OPENCLAW_GATEWAY_PORT: "19001", ...CONFIG })).toEqual([
      expect.stringContaining("is the gateway's own address"),
    ]);
  });
});
