import { describe, expect, it } from "vitest";
import { checkTools } from "../../../src/commands/doctor/tool-checks.ts";
import {
  maySend,
  proxyVariables,
  readToolUrl,
  toolUrl,
  type ToolUrl,
} from "../../../src/commands/doctor/tool-urls.ts";
import { Secret } from "../../../src/openclaw/token.ts";
import { findings, gatewayOf, refused, SETTINGS, type Attempt } from "./context.ts";

/** Reads a URL that is one. */
function urlOf(source: ToolUrl["source"], text: string): ToolUrl {
  const found = readToolUrl(source, text, SETTINGS);
  if (found.leadsTo === "nowhere") throw new Error(text);
  return found;
}

describe("where the tools connect", () => {
  it.each<[object, object, string, string, string]>([
    [
      { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:18788" },
      {},
      "OPENCLAW_GATEWAY_URL",
      "ws://127.0.0.1:18788",
      "shim",
    ],
    [
      { OPENCLAW_GATEWAY_URL: "ws://localhost:18789/" },
      {},
      "OPENCLAW_GATEWAY_URL",
      "ws://localhost:18789/",
      "gateway",
    ],
    [
      { OPENCLAW_GATEWAY_URL: "wss://sb.vercel.run" },
      {},
      "OPENCLAW_GATEWAY_URL",
      "wss://sb.vercel.run",
      "elsewhere",
    ],
    [
      {},
      { mode: "remote", remote: { url: "ws://127.0.0.1:18788" } },
      "gateway.remote.url",
      "ws://127.0.0.1:18788",
      "shim",
    ],
    [
      {},
      { mode: "local", remote: { url: "ws://127.0.0.1:1" }, port: 18_788 },
      "gateway.port",
      "ws://127.0.0.1:18788",
      "shim",
    ],
    [
      { OPENCLAW_GATEWAY_PORT: "18788" },
      { port: 5 },
      "OPENCLAW_GATEWAY_PORT",
      "ws://127.0.0.1:18788",
      "shim",
    ],
    [{}, { port: 99_999 }, "OpenClaw's default", "ws://127.0.0.1:18789", "gateway"],
    [{}, { tls: { enabled: true }, port: 18_789 }, "gateway.port", "wss://127.0.0.1:18789", "gateway"],
    [{}, {}, "OpenClaw's default", "ws://127.0.0.1:18789", "gateway"],
    [{ OPENCLAW_GATEWAY_URL: "http://x" }, {}, "OPENCLAW_GATEWAY_URL", "http://x", "nowhere"],
  ])("is read from %j and %j", (env, gateway, source, shown, leadsTo) => {
    expect(toolUrl(SETTINGS, { ...env }, { ...gateway })).toMatchObject({ source, shown, leadsTo });
  });

  it("never shows the secrets of a URL", () => {
    const found = readToolUrl("--via", "wss://user:pass@x.example/?token=s3kr3t", SETTINGS);
    expect(found.shown).not.toMatch(/pass|s3kr3t/);
  });
});

describe("the token", () => {
  const fromEnvironment = {
    kind: "token",
    secret: new Secret("t"),
    from: "environment",
    fromEnvironment: true,
  } as const;
  const fromConfig = {
    kind: "token",
    secret: new Secret("t"),
    from: "gateway.auth.token in openclaw.json",
    fromEnvironment: false,
  } as const;

  it.each([
    ["--via", "ws://127.0.0.1:5", fromConfig, true],
    ["gateway.remote.url", "ws://localhost:5", fromConfig, true],
    ["--via", "wss://x.example", fromConfig, true],
    ["--via", "ws://x.example", fromConfig, false],
    ["--via", "ws://192.168.0.5:5", fromConfig, false],
    ["OPENCLAW_GATEWAY_URL", "wss://x.example", fromEnvironment, true],
    ["OPENCLAW_GATEWAY_URL", "wss://x.example", fromConfig, false],
    ["gateway.remote.url", "wss://x.example", fromConfig, false],
    ["--via", "ws://127.0.0.1:5", { why: "none", fix: "" }, false],
  ] as const)("for %s %s", (source, url, token, expected) => {
    expect(maySend(token, urlOf(source, url))).toBe(expected);
  });
});

describe("tools that are pointed", () => {
  const at = async (env: Record<string, string>, direct?: Attempt): Promise<readonly string[]> => {
    const given = {
      env: { OPENCLAW_GATEWAY_TOKEN: "t", ...env },
      tools: toolUrl(SETTINGS, env),
      gateway: gatewayOf("2026.9.6", direct),
    };
    return (await findings(checkTools, given)).map(({ status }) => status);
  };

  it("at the shim are well", async () => {
    expect(await at({ OPENCLAW_GATEWAY_URL: "ws://[::1]:18788" })).toEqual(["ok"]);
  });

  it("past the shim by a setting are to be fixed", async () => {
    expect(await at({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:18789" })).toEqual(["fix"]);
  });

  it("there, without the token that the URL requires in the environment, fail", async () => {
    expect(await findings(checkTools, { env: {} })).toMatchObject([
      { status: "ok" },
      { status: "fix", fix: expect.stringContaining("export OPENCLAW_GATEWAY_TOKEN=") as string },
    ]);
  });

  it("at what is not a WebSocket URL are to be fixed", async () => {
    const tools = readToolUrl("OPENCLAW_GATEWAY_URL", "http://x", SETTINGS);
    expect(await findings(checkTools, { tools })).toMatchObject([
      { status: "fix", finding: "http://x (OPENCLAW_GATEWAY_URL) is not a ws:// or wss:// URL" },
    ]);
  });

  it("at the gateway by default or by its port are a note", async () => {
    expect(await at({})).toEqual(["note"]);
    expect(await at({ OPENCLAW_GATEWAY_PORT: "18789" }, refused("pairing-required"))).toEqual(["note"]);
  });
});

describe("OPENCLAW_GATEWAY_PORT", () => {
  it.each(["99999", "0", "foo:bar:18790", "::1:18789"])("%s is ignored, and named", async (text) => {
    const env = { OPENCLAW_GATEWAY_TOKEN: "t", OPENCLAW_GATEWAY_PORT: text };
    const tools = toolUrl(SETTINGS, env, { port: 18_789 });
    expect(tools).toMatchObject({ source: "gateway.port", shown: "ws://127.0.0.1:18789" });
    expect(await findings(checkTools, { env, tools })).toMatchObject([
      { status: "note" },
      {
        status: "fix",
        finding: expect.stringContaining(`OPENCLAW_GATEWAY_PORT=${text} names no port`) as string,
        fix: expect.stringContaining("set OPENCLAW_GATEWAY_PORT") as string,
      },
    ]);
  });

  it("is named where the port that it gives leads nowhere", async () => {
    const env = { OPENCLAW_GATEWAY_TOKEN: "t", OPENCLAW_GATEWAY_PORT: "127.0.0.1:20001" };
    const tools = toolUrl(SETTINGS, env, { port: 18_789 });
    expect(await findings(checkTools, { env, tools })).toMatchObject([
      {
        status: "fix",
        finding: "they connect past the shim: ws://127.0.0.1:20001 (OPENCLAW_GATEWAY_PORT)",
      },
      { status: "note", finding: expect.stringContaining("not to OpenClaw before 2026.4") as string },
    ]);
  });
});

describe("an HTTP proxy of the environment", () => {
  const url = urlOf("--via", "ws://127.0.0.1:18788");

  it.each<[Record<string, string>, readonly string[]]>([
    [{ HTTP_PROXY: "http://p:1" }, ["HTTP_PROXY"]],
    [{ http_proxy: "http://p:1", ALL_PROXY: "http://q:1" }, ["http_proxy", "ALL_PROXY"]],
    [{ HTTPS_PROXY: "http://p:1" }, []],
    [{ HTTP_PROXY: "http://p:1", NO_PROXY: "localhost, 127.0.0.1" }, []],
    [{ HTTP_PROXY: "http://p:1", no_proxy: "127.0.0.0/8" }, []],
    [{ HTTP_PROXY: "http://p:1", NO_PROXY: "*" }, []],
    [{ HTTP_PROXY: "http://p:1", NO_PROXY: "example.com" }, ["HTTP_PROXY"]],
  ])("%j", (env, names) => {
    expect(proxyVariables(env, url)).toEqual(names);
  });
});
