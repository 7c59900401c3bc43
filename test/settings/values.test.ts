import { describe, expect, it } from "vitest";
import { KNOWN_SCOPES } from "../../src/openclaw/scopes.ts";
import { load, problems } from "./load.ts";

describe("durations", () => {
  it.each([
    ["0", 0],
    ["500ms", 500],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["10m", 600_000],
    ["0.1h", 360_000],
  ])("takes %s", async (text, ms) => {
    expect(await load(["--hold", text, "--drain", text])).toMatchObject({ hold: ms, drain: ms });
  });

  it.each(["10", "10 s", "s", "-1s", "1e3ms", "1d", "Infinity", "0x10s", "10S"])(
    "refuses %s",
    async (text) => {
      expect(await problems([`--hold=${text}`])).toEqual([
        `--hold: "${text}" is not a duration; write a number and a unit, such as 500ms, 10s or 2m, at most 10m`,
      ]);
    },
  );

  it.each(["601s", "1h", "999999999999h"])("refuses %s as too long", async (text) => {
    expect(await problems(["--drain", text])).toEqual([`--drain: "${text}" is too long; write at most 10m`]);
  });
});

describe("--max-connections", () => {
  it.each(["1", "65535"])("takes %s", async (text) => {
    expect((await load(["--max-connections", text])).maxConnections).toBe(Number(text));
  });

  it.each(["0", "65536", "1.5", "1e3", "0x10", "ten", "-1", "007"])("refuses %s", async (text) => {
    expect(await problems([`--max-connections=${text}`])).toEqual([
      `--max-connections: "${text}" is not a whole number from 1 to 65535`,
    ]);
  });
});

describe("words", () => {
  it.each([
    ["forwarded", "strip, private, reject"],
    ["approve", "off, seen"],
    ["max-scopes", KNOWN_SCOPES.join(", ")],
    ["log-level", "debug, info, warn, error, silent"],
    ["log-format", "json, pretty"],
  ])("--%s refuses all but its own", async (name, words) => {
    expect(await problems([`--${name}`, "Maybe"])).toEqual([`--${name}: "Maybe" is not one of ${words}`]);
  });

  it("takes scopes and roles as OpenClaw writes them", async () => {
    expect(await load(["--approve-scopes", "operator.read", "--approve-roles", "node"])).toMatchObject({
      approveScopes: ["operator.read"],
      approveRoles: ["node"],
    });
    expect((await problems(["--approve-scopes", "operator.*"]))[0]).toContain(
      "is not the name of a role or scope",
    );
    expect(await problems(["--approve-scopes", "operator.admin,operator.read"])).toEqual([
      expect.stringMatching(
        /"operator\.admin,operator\.read" is not the name .*; give each value separately$/,
      ),
    ]);
  });
});

describe("switches", () => {
  it.each(["true", "1"])("are on by OPENCLAW_SHIM_…=%s", async (text) => {
    const env = { OPENCLAW_SHIM_ALLOW_REMOTE_GATEWAY: text, OPENCLAW_SHIM_GATEWAY: "wss://gw.example:443" };
    expect((await load([], env)).gateway.host).toBe("gw.example");
  });

  it("refuse other words", async () => {
    expect(await problems([], { OPENCLAW_SHIM_ALLOW_REMOTE_GATEWAY: "yes please" })).toEqual([
      'OPENCLAW_SHIM_ALLOW_REMOTE_GATEWAY: "yes please" is not one of true, false',
    ]);
  });
});

describe("--strip", () => {
  it.each([
    ["X-User-Email", "x-user-email"],
    ["X_Corp_User", "x-corp-user"],
    ["x-auth-request-email", "x-auth-request-email"],
    ["!#$%&'+.^`|~", "!#$%&'+.^`|~"],
  ])("takes %s", async (text, name) => {
    expect((await load(["--strip", text, "--strip", "X-Other"])).strip).toEqual([name, "x-other"]);
  });

  it.each(["X-User:", "X-User: a", "X-Corp-*", "*", "X User", "X-Üser", "X-A,X-B"])(
    "refuses %s",
    async (text) => {
      expect((await problems(["--strip", text]))[0]).toMatch(
        /^--strip: ".*" is not the name of a header; write one whole name without a colon, such as X-User-Email/,
      );
    },
  );

  it.each([
    "Authorization",
    "Content-Length",
    "Content_Type",
    "Cookie",
    "Host",
    "ORIGIN",
    "Referer",
    "Sec-Fetch-Site",
    "Sec-WebSocket-Key",
    "x-openclaw-scopes",
    "X-OpenClaw-Token",
  ])("refuses %s, which the gateway needs from the client itself", async (text) => {
    expect(await problems(["--strip", text])).toEqual([
      `--strip: "${text}" is a header that must reach the gateway; change the proxy that adds it: to the gateway it is the client's own`,
    ]);
  });

  it.each(["Connection", "Keep-Alive", "Upgrade", "Transfer-Encoding", "Proxy_Authorization"])(
    "refuses %s, which has no effect",
    async (text) => {
      expect(await problems(["--strip", text])).toEqual([
        `--strip: "${text}" is deleted or set for every request already; leave it out`,
      ]);
    },
  );
});
