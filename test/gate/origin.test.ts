import { describe, expect, it } from "vitest";
import { judgeOrigin, originHost, type OriginLists } from "../../src/gate/origin.ts";
import { isRefusal } from "../../src/gate/gate.ts";
import { isLoopbackName, parseAuthority } from "../../src/net/authority.ts";

const OWN = "http://127.0.0.1:18788";
const LISTS: OriginLists = {
  own: new Set([OWN, "http://localhost:18788", "http://[::1]:18788", "http://192.0.2.5:18788"]),
  allowed: new Set(["https://ui.example"]),
};

function judge(origin: string | undefined, host: string, direct: boolean): string {
  const local = direct && isLoopbackName(parseAuthority(host)?.name ?? "");
  const verdict = judgeOrigin({ origin, host, local }, LISTS);
  return typeof verdict === "string" ? verdict : verdict.code;
}

describe("judgeOrigin", () => {
  it.each([
    ["no Origin", undefined, "evil.example", true, "absent"],
    ["the listener's own page", OWN, "127.0.0.1:18788", true, "own"],
    ["another name of the listener", "http://LOCALHOST:18788", "127.0.0.1:18788", true, "own"],
    ["the listener's own page by its LAN address", "http://192.0.2.5:18788", "192.0.2.5:18788", false, "own"],
    [
      "the listener's own page through a tunnel that keeps Host",
      "http://localhost:18788",
      "localhost:18788",
      false,
      "own",
    ],
    ["an --allow-origin, on a forwarded connection", "https://UI.example", "192.0.2.5:18788", false, "own"],
    [
      "a page of another local server, on a direct connection",
      "http://127.0.0.1:3000",
      "127.0.0.1:18788",
      true,
      "foreign",
    ],
    ["a foreign page", "https://evil.example", "127.0.0.1:18788", true, "foreign"],
    ["a foreign page, forwarded", "https://evil.example", "127.0.0.1:18788", false, "foreign"],
    ["a sandboxed page", "null", "127.0.0.1:18788", true, "foreign"],
    ["a page of a local file", "file://", "127.0.0.1:18788", false, "foreign"],
    ["a browser extension", "chrome-extension://abcdefghijklmnop", "127.0.0.1:18788", true, "foreign"],
    // If the shim relayed these, the gateway would take a remote page for a local one.
    [
      "the origin of the listener's page with another Host",
      OWN,
      "192.0.2.5:18788",
      false,
      "origin_not_allowed",
    ],
    [
      "the origin of the listener's page with another loopback Host, forwarded",
      OWN,
      "localhost:18788",
      false,
      "origin_not_allowed",
    ],
    [
      "the listener's name with https",
      "https://127.0.0.1:18788",
      "192.0.2.5:18788",
      false,
      "origin_not_allowed",
    ],
    ["a loopback page, forwarded", "http://127.0.0.1:3000", "127.0.0.1:18788", false, "origin_not_allowed"],
    [
      "a loopback page, Host not loopback",
      "http://localhost:3000",
      "192.0.2.5:18788",
      true,
      "origin_not_allowed",
    ],
    // 2026.2.19 treats every name that begins with "127." as loopback.
    [
      "a name that begins as a loopback address",
      "http://127.evil.example",
      "127.0.0.1:18788",
      true,
      "origin_not_allowed",
    ],
    [
      "the same, with another scheme",
      "uhttp://127.0.0.10.2.1:18788",
      "192.0.2.5:18788",
      true,
      "origin_not_allowed",
    ],
    ["localhost with a final dot", "http://localhost.:3000", "127.0.0.1:18788", false, "origin_not_allowed"],
    ["127.1", "http://127.1:3000", "127.0.0.1:18788", false, "origin_not_allowed"],
    ["decimal loopback", "http://2130706433", "127.0.0.1:18788", false, "origin_not_allowed"],
    ["hex loopback", "http://0x7f.1", "127.0.0.1:18788", false, "origin_not_allowed"],
    ["octal loopback", "http://0177.0.0.1", "127.0.0.1:18788", false, "origin_not_allowed"],
    ["IPv4-mapped loopback", "http://[::ffff:127.0.0.1]", "127.0.0.1:18788", false, "origin_not_allowed"],
    ["long form of ::1", "http://[0:0:0:0:0:0:0:1]:1", "127.0.0.1:18788", false, "origin_not_allowed"],
    ["an app's loopback", "capacitor://localhost", "127.0.0.1:18788", false, "origin_not_allowed"],
  ] as const)("%s", (_what, origin, host, direct, expected) => {
    expect(judge(origin, host, direct)).toBe(expected);
  });

  it.each([
    "",
    " ",
    "127.0.0.1:18788",
    "http://",
    "http:///",
    `${OWN}/`,
    `${OWN}/path`,
    `${OWN}?q`,
    "http://user@127.0.0.1",
    "http://127.0.0.1:18788, https://evil.example",
    "http://127.0.0.1:99999",
    "http://1.2.3.999",
    "http://127.0.0.1%00.evil.example",
    "http://[::1",
    "javascript:alert(1)",
    "NULL null",
  ])("refuses %j, which is not a serialized origin", (origin) => {
    expect(judge(origin, "127.0.0.1:18788", true)).toBe("origin_malformed");
    expect(judge(origin, "127.0.0.1:18788", false)).toBe("origin_malformed");
  });

  it("normalizes a host name as the gateway does", () => {
    expect(originHost("http://127.1:80")).toBe("127.0.0.1");
    expect(originHost("https://Example.com.")).toBe("example.com");
    expect(originHost("http://[::1]:5")).toBe("::1");
  });

  it("refuses with 403", () => {
    const refusal = judgeOrigin({ origin: "", host: "localhost", local: true }, LISTS);
    expect(typeof refusal === "object" && isRefusal(refusal) && refusal.status).toBe(403);
  });
});
