import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipFamily } from "../../src/net/ip-address.ts";

const TEXTS = [
  "127.0.0.1 0.0.0.0 255.255.255.255 256.0.0.1 01.2.3.4 1.2.3 1.2.3.4. 1.2.3.4.5 127.1 2130706433 0x7f.1 localhost",
  ":: ::1 1:: 0::0 fe80::1 FE80::A fe80::1%eth0 fe80::1% fe80::1%a-b.c:d ::1%25 ::1%a_b %eth0 ::: 1:::2 : 1:2",
  "1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1::2::3 1:2:3:4:5:6:7 00001:: 12345::",
  "::ffff:1.2.3.4 ::1.2.3.4 1:2:3:4:5:6:1.2.3.4 1:2:3:4:5:6:7:1.2.3.4 ::ffff:01.2.3.4 ::1.2.3 ::1.2.3.256",
  "[::1] ::1] ::1/64 ::1@::2 １:: ::g a.b:c ::1\n \t::1 :\n:1",
].flatMap((line) => line.split(" "));

describe("ipFamily", () => {
  it.each(TEXTS)("reads %j as net.isIP does", (text) => expect(ipFamily(text)).toBe(isIP(text)));

  it("reads any text as net.isIP does", () => {
    const text = fc.oneof(
      fc.ipV6(),
      fc.ipV4(),
      fc.string({
        unit: fc.constantFrom("0", "1", "25", "a", "fF", ":", "::", ".", "%", "x", "g", "[", "]"),
        maxLength: 40,
      }),
      fc
        .array(fc.constantFrom("0", "1", "ffff", "1.2.3.4", "", "00a"), { maxLength: 9 })
        .map((parts) => parts.join(":")),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect(ipFamily(one)).toBe(isIP(one));
      }),
      { numRuns: 2_000 },
    );
  });
});
