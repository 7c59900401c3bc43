import { isIP } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPeer } from "../../src/gate/gate.ts";
import { addressMatcher, isLoopbackAddress } from "../../src/net/ip-address.ts";

const ALLOWED = ["192.0.2.0/24", "10.1.2.3", "2001:db8::/32", "fd00::5"];
const allowed = addressMatcher(ALLOWED);

describe("checkPeer admits", () => {
  it.each([
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "192.0.2.255",
    "::ffff:192.0.2.1",
    "10.1.2.3",
    "2001:db8:ffff::1",
    "2001:db8::1%eth0",
    "FD00::5",
  ])("%s", (address) => expect(checkPeer(address, allowed)).toBeUndefined());
});

describe("checkPeer refuses", () => {
  it.each([
    ["next to a block", "192.0.3.1"],
    ["next to a single address", "10.1.2.4"],
    ["next to a v6 block", "2001:db9::1"],
    ["::/128", "::"],
    ["0.0.0.0", "0.0.0.0"],
    ["short form of loopback", "127.1"],
    ["octal", "0177.0.0.1"],
    ["decimal", "2130706433"],
    ["hex", "0x7f000001"],
    ["leading zeros", "127.0.0.001"],
    ["a name", "localhost"],
    ["an empty string", ""],
    ["a v4 address with a zone", "127.0.0.1%lo"],
    ["with a port", "127.0.0.1:80"],
    ["IPv4-compatible, which is not IPv4-mapped", "::127.0.0.1"],
    ["the same with a zone", "::127.0.0.1%lo"],
    ["NAT64 of loopback", "64:ff9b::7f00:1"],
    ["6to4 of loopback", "2002:7f00:1::"],
  ])("%s: %s", (_what, address) => {
    expect(checkPeer(address, allowed)).toMatchObject({ code: "peer_not_allowed", status: 403 });
  });

  it("a socket that is already closed", () => {
    expect(checkPeer(undefined, allowed)).toMatchObject({ code: "peer_not_allowed" });
  });

  it("with the --allow-from in its fix that would admit the peer, without mapped prefix or zone", () => {
    for (const [peer, plain] of [
      ["::ffff:203.0.113.9", "203.0.113.9"],
      ["fe80::1%eth0", "fe80::1"],
    ] as const) {
      const refusal = checkPeer(peer, allowed);
      expect(refusal?.fix).toMatch(new RegExp(`--allow-from ${plain}$`));
      expect(checkPeer(peer, addressMatcher([plain]))).toBeUndefined();
    }
  });
});

function inBlock(v4: string): boolean {
  return v4.startsWith("192.0.2.") || v4 === "10.1.2.3" || v4.startsWith("127.");
}

describe("addressMatcher", () => {
  it("matches an IPv4 address if and only if it is loopback or in a block, mapped or not", () => {
    const nearBlocks = fc.tuple(
      fc.constantFrom("192.0.2", "192.0.3", "10.1.2", "127.9.9", "128.0.0"),
      fc.nat(255),
    );
    const address = fc.oneof(
      fc.ipV4(),
      nearBlocks.map(([net, host]) => `${net}.${host}`),
    );
    fc.assert(
      fc.property(address, fc.boolean(), (v4, mapped) => {
        expect(allowed(mapped ? `::ffff:${v4}` : v4)).toBe(inBlock(v4));
      }),
    );
  });

  it("matches an IPv6 address if and only if it is ::1 or in a block", () => {
    const group = fc.constantFrom("0", "1", "5", "db8", "2001", "fd00", "ffff");
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const text = groups.join(":");
        const expected =
          text === "0:0:0:0:0:0:0:1" || text === "fd00:0:0:0:0:0:0:5" || text.startsWith("2001:db8:");
        // None of these is in ::ffff:0:0/96.
        expect(allowed(text)).toBe(expected);
      }),
    );
  });

  it("matches no other text, and never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(addressMatcher([])(text)).toBe(isLoopbackAddress(text) && isIP(text) !== 0);
      }),
    );
  });
});
