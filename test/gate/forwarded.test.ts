import { describe, expect, it } from "vitest";
import { checkForwarded, isPublic, readForwarded } from "../../src/gate/forwarded.ts";
import { addressMatcher } from "../../src/net/ip-address.ts";
import type { ForwardedPolicy } from "../../src/settings/settings.ts";

const allowed = addressMatcher(["203.0.113.0/24"]);

function check(policy: ForwardedPolicy, ...rawHeaders: string[]): string | undefined {
  return checkForwarded(readForwarded(rawHeaders), policy, allowed)?.code;
}

describe("--forwarded strip", () => {
  it("admits any forwarding field", () => {
    expect(check("strip", "X-Forwarded-For", "8.8.8.8", "Forwarded", "for=unknown")).toBeUndefined();
  });
});

describe("--forwarded reject", () => {
  it.each([
    ["X-Forwarded-For", "127.0.0.1"],
    ["x_forwarded_for", ""],
    ["X-Forwarded-Port", "443"],
    ["Via", "1.1 proxy"],
    ["Tailscale-User-Login", "a@b"],
  ])("refuses %s: %s", (name, value) => {
    expect(check("reject", "Accept", "*/*", name, value)).toBe("forwarded_rejected");
  });

  it("admits a request without forwarding fields", () => {
    expect(check("reject", "Accept", "*/*", "X-Forward", "8.8.8.8")).toBeUndefined();
  });
});

describe("--forwarded private", () => {
  it.each([
    ["X-Forwarded-For", "10.0.0.1"],
    ["X-Forwarded-For", "10.0.0.1, 192.168.1.1,172.16.0.9 , 127.0.0.1"],
    ["X-Forwarded-For", "::1, fe80::1, fd12::1, ::ffff:10.0.0.1"],
    ["X-Forwarded-For", "169.254.1.1"],
    ["X-Forwarded-For", "100.64.0.1"],
    ["X-Forwarded-For", "203.0.113.77"],
    ["X-Forwarded-For", ""],
    ["X-Forwarded-For", " , ,"],
    ["X-Forwarded-For", "10.0.0.1:4711, [fd00::1]:80"],
    ["X-Forwarded-Proto", "https"],
    ["Forwarded", 'for=10.0.0.1;proto=https, FOR="[fd00::1]:4711";by=_proxy'],
    ["Forwarded", "proto=https;by=10.0.0.9;host=evil.example"],
    ["X-Original-Client-IP", "10.0.0.1"],
    ["X-Forwarded-Port", "443"],
    ["X-Forwarded-Host", "vm.example:8080"],
    ["Via", "1.1 proxy, 2 10.0.0.1:3128"],
    ["X-Original-URL", "/a/8.8.8.8/b?c=d"],
    ["CF-Ray", "230b030023ae2822-SJC"],
  ])("admits %s: %s", (name, value) => expect(check("private", name, value)).toBeUndefined());

  it.each([
    ["X-Forwarded-For", "8.8.8.8"],
    ["X-Forwarded-For", "10.0.0.1, 8.8.8.8"],
    ["X-Forwarded-For", "8.8.8.8, 10.0.0.1"],
    ["x_forwarded_for", "8.8.8.8"],
    ["X-Forwarded-For", "::ffff:8.8.8.8"],
    ["X-Forwarded-For", "[2001:db8::1]:443"],
    ["X-Forwarded-For", "100.128.0.1"],
    ["X-Forwarded-For", "172.32.0.1"],
    ["X-Forwarded-For", "unknown"],
    ["X-Forwarded-For", "10.1"],
    ["X-Real-IP", "8.8.8.8"],
    ["CF-Connecting-IP", "8.8.8.8"],
    ["X-Original-For", "8.8.8.8"],
    ["X-Vercel-Forwarded-For", "8.8.8.8"],
    ["X-Original-Client-IP", "8.8.8.8"],
    ["X-Original-Remote-Addr", "10.0.0.1, 8.8.8.8"],
    ["CF-Pseudo-IPv4", "8.8.8.8"],
    ["X-Forwarded-By", "8.8.8.8:443"],
    ["X-Forwarded-Host", "[2001:db8::1]:443"],
    ["Via", "1.1 8.8.8.8:3128"],
    ["Forwarded", "for=10.0.0.1;by=8.8.8.8"],
    ["Forwarded", 'proto=https;by="[2001:db8::1]:80"'],
    ["Forwarded", "for=8.8.8.8"],
    ["Forwarded", "proto=https;For = 8.8.8.8"],
    ["Forwarded", 'for="8.8.8.8:80"'],
    ["Forwarded", 'for="[2001:db8:cafe::17]:4711"'],
    ["Forwarded", "for=10.0.0.1, for=8.8.8.8"],
    ["Forwarded", 'for="_hidden"'],
    ["Forwarded", "for=unknown"],
    ["Forwarded", 'for="8.8.8.8'],
    ["Forwarded", "for="],
  ])("refuses %s: %s", (name, value) => expect(check("private", name, value)).toBe("forwarded_public"));

  it("checks every field, not only the first", () => {
    expect(check("private", "X-Forwarded-For", "10.0.0.1", "X-Forwarded-For", "8.8.8.8")).toBe(
      "forwarded_public",
    );
    expect(check("private", "Via", "1.1 a", "X-Real-IP", "8.8.8.8")).toBe("forwarded_public");
  });

  it("has the address in its message, without the port", () => {
    const facts = readForwarded(["Forwarded", 'for="[2001:db8::1]:80"']);
    const refusal = checkForwarded(facts, "private", allowed);
    expect(refusal).toMatchObject({ status: 403, message: expect.stringContaining("for 2001:db8::1,") });
  });
});

describe("isPublic", () => {
  it.each(["8.8.8.8", "2001:4860:4860::8888", "0.0.0.0", "::", "64:ff9b::a00:1", "unknown", ""])(
    "returns true for %j",
    (text) => {
      expect(isPublic(text, allowed)).toBe(true);
    },
  );
});
