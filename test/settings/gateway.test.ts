import { describe, expect, it } from "vitest";
import { load, problems } from "./load.ts";

const HEX = "0123456789abcdef".repeat(4);
const COLONS = (HEX.match(/../g) ?? []).join(":");

describe("--gateway", () => {
  it.each([
    ["ws://127.0.0.1:18790/", "127.0.0.1", 18_790, "127.0.0.1:18790", "http://127.0.0.1:18790"],
    ["WS://LOCALHOST:5", "localhost", 5, "localhost:5", "http://localhost:5"],
    ["ws://[0::1]:5", "::1", 5, "[::1]:5", "http://[::1]:5"],
    ["ws://[::ffff:127.0.0.1]:5", "127.0.0.1", 5, "127.0.0.1:5", "http://127.0.0.1:5"],
    ["ws://127.0.0.1:80", "127.0.0.1", 80, "127.0.0.1", "http://127.0.0.1"],
    ["wss://127.0.0.1:443", "127.0.0.1", 443, "127.0.0.1", "https://127.0.0.1"],
    ["wss://127.0.0.1:18789", "127.0.0.1", 18_789, "127.0.0.1:18789", "https://127.0.0.1:18789"],
  ])("takes %s", async (text, host, port, authority, origin) => {
    const tls = text.startsWith("wss");
    const url = `${tls ? "wss" : "ws"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
    expect((await load(["--gateway", text])).gateway).toEqual({ url, host, port, tls, authority, origin });
  });

  it.each([
    "ws://",
    "ws://:0",
    "ws://127.1:18789",
    "ws://0177.0.0.1:18789",
    "ws://2130706433:18789",
    "ws://0x7f000001:18789",
    "ws://[::1%lo]:18789",
    "ws://[127.0.0.1]:18789",
    "ws://::1:18789",
    "ws://127.0.0.1:0",
    "ws://127.0.0.1:",
    "ws://127.0.0.1:65536",
    "ws://127.0.0.1\\@evil:1",
    "ws://local host:1",
    "tcp://127.0.0.1:18789",
  ])("refuses %s", async (text) => {
    const [problem, ...others] = await problems(["--gateway", text]);
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /^--gateway: ".*" (is|has|contains) .*write ws:\/\/HOST:PORT or wss:\/\/HOST:PORT/,
    );
  });

  it.each([
    ["http://127.0.0.1:18789", "is not a ws:// or wss:// URL", "ws://127.0.0.1:18789"],
    ["HTTPS://Gateway.Example", "is not a ws:// or wss:// URL", "wss://gateway.example:18789"],
    ["127.0.0.1:18790", "is not a ws:// or wss:// URL", "ws://127.0.0.1:18790"],
    ["localhost:18790", "is not a ws:// or wss:// URL", "ws://localhost:18790"],
    ["[::1]:18790", "is not a ws:// or wss:// URL", "ws://[::1]:18790"],
    ["127.0.0.1", "is not a ws:// or wss:// URL", "ws://127.0.0.1:18789"],
    ["18790", "is not a ws:// or wss:// URL", "ws://127.0.0.1:18790"],
    [":18790", "is not a ws:// or wss:// URL", "ws://127.0.0.1:18790"],
    ["wss:127.0.0.1:18790", "is not a ws:// or wss:// URL", "wss://127.0.0.1:18790"],
    ["ws://127.0.0.1:18790/path", "contains a path", "ws://127.0.0.1:18790"],
    ["ws://127.0.0.1:18790//", "contains a path", "ws://127.0.0.1:18790"],
    ["ws://127.0.0.1", "has no port", "ws://127.0.0.1:18789"],
    ["ws://localhost/", "has no port", "ws://localhost:18789"],
    ["wss://[::1]", "has no port", "wss://[::1]:18789"],
    ["wss://gateway.example", "has no port", "wss://gateway.example:18789"],
  ])("refuses %s with the right form of that URL", async (text, problem, meant) => {
    expect(await problems(["--gateway", text])).toEqual([`--gateway: "${text}" ${problem}; write ${meant}`]);
  });

  it.each([
    ["ws://user:sekrit@127.0.0.1:18790", "ws://127.0.0.1:18790"],
    ["ws://127.0.0.1:18790?token=sekrit", "ws://127.0.0.1:18790"],
    ["http://127.0.0.1:18790/chat?session=main#token=sekrit", "ws://127.0.0.1:18790"],
    ["ws://127.0.0.1:18790/__openclaw__/cap/sekrit/page", "ws://127.0.0.1:18790"],
    ["sekrit@127.0.0.1", "ws://127.0.0.1:18789"],
    // It cannot be told where the password ends.
    ["ws://se@krit@127.0.0.1:18789", "ws://HOST:PORT or wss://HOST:PORT, such as ws://127.0.0.1:18789"],
    ["ws://user:1#sekrit@127.0.0.1:18789", "ws://HOST:PORT or wss://HOST:PORT, such as ws://127.0.0.1:18789"],
    [
      "ws://127.0.0.1:18789?token=se@krit:1",
      "ws://HOST:PORT or wss://HOST:PORT, such as ws://127.0.0.1:18789",
    ],
  ])("refuses what may hold a secret, without showing it: %s", async (text, meant) => {
    const [problem = "", ...others] = await problems(["--gateway", text]);
    expect(others).toEqual([]);
    expect(problem).toMatch(/^--gateway: /);
    expect(problem.endsWith(`; write ${meant}`)).toBe(true);
    expect(problem).not.toMatch(/sekrit|krit@|krit:|:1#/);
  });

  it.each([
    "ws://192.168.1.5:18789",
    "wss://gateway.example:443",
    "ws://[fd00::1]:1",
    "ws://[::ffff:10.0.0.1]:1",
  ])("on another machine, %s, needs --allow-remote-gateway", async (text) => {
    const [problem, ...others] = await problems(["--gateway", text]);
    expect(others).toEqual([]);
    expect(problem).toContain(`--gateway: "${text}" is not loopback; allow it with --allow-remote-gateway`);
    expect(await problems(["--gateway", text, "--allow-remote-gateway"])).toEqual([]);
  });
});

describe("--gateway-fingerprint", () => {
  it.each([`sha256:${HEX}`, `SHA256:${HEX.toUpperCase()}`, `sha256:${COLONS}`])("takes %s", async (text) => {
    expect(
      (await load(["--gateway", "wss://127.0.0.1:1", "--gateway-fingerprint", text])).gateway.fingerprint,
    ).toBe(HEX);
  });

  it.each([
    HEX,
    `sha1:${HEX}`,
    `sha256:${HEX}00`,
    `sha256:${HEX.slice(1)}`,
    `sha256:${HEX.replace("a", "g")}`,
  ])("refuses %s", async (text) => {
    const [problem] = await problems(["--gateway", "wss://127.0.0.1:1", "--gateway-fingerprint", text]);
    expect(problem).toMatch(/^--gateway-fingerprint: ".*" is not a SHA-256 fingerprint; write sha256: and/);
  });

  it("is only for wss://", async () => {
    const [problem, ...others] = await problems(["--gateway-fingerprint", `sha256:${HEX}`]);
    expect(others).toEqual([]);
    expect(problem).toContain("has no effect with a ws:// gateway; write wss:// in --gateway");
  });
});
