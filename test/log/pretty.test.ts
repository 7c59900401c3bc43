import { describe, expect, it } from "vitest";
import { prettyLines } from "../../src/log/pretty.ts";

const TIME = new Date(2026, 0, 2, 3, 4, 5).toISOString();
const DEVICE = "4f02194a42ec".padEnd(64, "0");
const CONNECTED = {
  level: "info",
  time: TIME,
  event: "pairing.outcome",
  conn: "6f3c",
  outcome: "connected",
  deviceId: DEVICE,
  client: { id: "cli", mode: "cli", version: "2026.9.6", platform: "linux" },
  role: "operator",
  scopes: ["operator.admin"],
  gateway: { version: "2026.9.6", protocol: 4 },
  peer: "127.0.0.1",
  path: "/",
  normalized: { host: { from: "a", to: "b" }, stripped: { "x-forwarded-for": "203.0.113.7", via: "1.1 x" } },
  publicForwarded: true,
  firstSeen: true,
  ms: 19.2,
  msg: "pairing outcome",
};
const COMMAND = "openclaw devices approve 7c1b";
const REFUSED = {
  ...CONNECTED,
  level: "warn",
  outcome: "pairing-required",
  reason: "scope-upgrade",
  fix: "the device asks for more scopes than it was approved for",
  command: COMMAND,
};

function pretty(line: object, terminal: Partial<Parameters<typeof prettyLines>[0]> = {}): string {
  const lines = prettyLines({
    colors: false,
    columns: () => undefined,
    nextSteps: () => [],
    ...terminal,
  });
  return lines(`${JSON.stringify(line)}\n`);
}

describe("an outcome line", () => {
  it("has time, outcome, client, removed fields and duration", () => {
    expect(pretty(CONNECTED)).toBe(
      "03:04:05  connected             cli 2026.9.6 linux  device 4f02194a42ec  x-forwarded-for and 1 more removed  public address  19 ms\n",
    );
  });

  it("has what differs from the default: role, path, remote peer", () => {
    const line = pretty({ ...CONNECTED, role: "node", path: "/canvas", peer: "172.17.0.3", normalized: {} });
    expect(line).toContain("  node  device 4f02194a42ec  from 172.17.0.3  /canvas  ");
    expect(line).not.toContain("removed");
  });

  it("is followed by the fix, and by the command on a line of its own", () => {
    const [first, ...rows] = pretty(REFUSED).trimEnd().split("\n");
    expect(first).toMatch(/^03:04:05 {2}pairing-required {6}scope-upgrade {2}cli /);
    expect(rows).toEqual([
      "          fix: the device asks for more scopes than it was approved for:",
      `            ${COMMAND}`,
    ]);
  });

  it.each([
    [
      60,
      [
        "03:04:05  pairing-required      scope-upgrade  cli 2026.9.6",
        "          linux  device 4f02194a42ec  x-forwarded-for and 1",
        "          more removed  public address  19 ms",
        "          fix: the device asks for more scopes than it was",
        "            approved for:",
        `            ${COMMAND}`,
      ],
    ],
    [
      40,
      [
        "03:04:05  pairing-required",
        "          scope-upgrade  cli 2026.9.6",
        "          linux  device 4f02194a42ec",
        "          x-forwarded-for and 1 more",
        "          removed  public address  19 ms",
        "          fix: the device asks for more",
        "            scopes than it was approved",
        "            for:",
        COMMAND,
      ],
    ],
  ])("is wrapped at spaces to %i columns, but not the command", (columns, rows) => {
    expect(
      pretty(REFUSED, { columns: () => columns })
        .trimEnd()
        .split("\n"),
    ).toEqual(rows);
  });

  it("keeps a command within the fix in one row", () => {
    const fix = "if it stays closed, read the log (`openclaw logs --follow`)";
    const text = pretty({ ...REFUSED, fix, command: undefined }, { columns: () => 60 });
    expect(text).toContain("log\n            (`openclaw logs --follow`)\n");
  });

  it("counts the columns of wide and combining characters", () => {
    const client = { id: "名前名前名前", version: "e\u0301".repeat(6), platform: "🦞🦞" };
    const text = pretty({ ...CONNECTED, client, normalized: {} }, { columns: () => 54 });
    // 10 for the time, 22 for the outcome, 12 + 1 + 6 + 1 for the client.
    const wide = `connected             名前名前名前 ${client.version}`;
    expect(text.split("\n").slice(0, 2)).toEqual([
      `03:04:05  ${wide}`,
      expect.stringMatching(/^ {10}🦞🦞 {2}dev/),
    ]);
    expect(pretty({ ...CONNECTED, client, normalized: {} }, { columns: () => 56 })).toContain(
      `${wide} 🦞🦞\n`,
    );
  });

  it.each([
    ["info", "connected", "\u001B[32mconnected\u001B[39m"],
    ["warn", "unauthorized", "\u001B[33munauthorized\u001B[39m"],
    ["error", "gateway-unreachable", "\u001B[31mgateway-unreachable\u001B[39m"],
  ])("is colored by level on a terminal with colors: %s", (level, outcome, colored) => {
    expect(pretty({ ...CONNECTED, level, outcome }, { colors: true })).toContain(`\u001B[22m  ${colored}  `);
  });
});

describe("text from clients", () => {
  it("cannot control the terminal or forge a line", () => {
    const hostile = "cli\u001B[2J\n03:04:05  connected\u009B31m\u202E";
    const text = pretty({
      ...REFUSED,
      reason: hostile,
      fix: hostile,
      command: hostile,
      path: hostile,
      client: { id: hostile },
    });
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text.trimEnd().split("\n")).toHaveLength(3);
  });

  it("is not shown as a command if it is a reason", () => {
    const text = pretty({ ...CONNECTED, level: "warn", outcome: "gateway-closed", reason: ": openclaw qr" });
    expect(text.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("other lines", () => {
  it("are formatted with the fields of their event", () => {
    const line = { level: "info", time: TIME, event: "draining", open: 2, ms: 5000, msg: "draining" };
    expect(pretty(line)).toBe("03:04:05  draining              2 open, which have 5 s to end\n");
  });

  it("show the stack of a crash below its reason", () => {
    const stack = "TypeError: bug\n    at a (file.mjs:1:2)\n    at b (file.mjs:3:4)";
    const line = {
      level: "fatal",
      time: TIME,
      event: "crashed",
      reason: "TypeError: bug",
      stack,
      msg: "crashed",
    };
    const rows = ["at a (file.mjs:1:2)", "at b (file.mjs:3:4)"].map((frame) => `          ${frame}\n`);
    expect(pretty(line)).toBe(`03:04:05  crashed               TypeError: bug\n${rows.join("")}`);
  });

  it("pass unchanged if they are not JSON objects", () => {
    const lines = prettyLines({ colors: true, columns: () => 80, nextSteps: () => [] });
    expect(lines("not JSON\n")).toBe("not JSON\n");
    expect(lines("1\n")).toBe("1\n");
  });
});
