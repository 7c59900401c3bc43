// CWE-1333: the regular expression for a Via or Forwarded list could match in 2^n ways; one header section of 400
// bytes, found by the fuzzer, blocked the process for ever.
import { describe, expect, it } from "vitest";
import { strippedForLog } from "../../src/headers/header-table.ts";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";

const LISTS = [
  ["Via", `${"1.1 ".repeat(33)}1.\u0081 1.1 p`],
  ["Via", `${"1 1".repeat(60)}!`],
  ["Forwarded", `${"for=1".repeat(38)}!`],
  ["Forwarded", `${"for=;".repeat(38)}!`],
] as const;

describe("an almost valid list", () => {
  it.each(LISTS)("of %s is checked quickly, and is not logged", async (name, value) => {
    const started = performance.now();
    expect(strippedForLog([[name, value]])).toEqual({ [name.toLowerCase()]: "(not shown)" });
    expect(performance.now() - started).toBeLessThan(500);
    const { shim } = await startRawGatewayWithShim((socket) =>
      socket.end("HTTP/1.1 403 F\r\nContent-Length: 0\r\n\r\n"),
    );
    await rawClient(shim.port, upgradeRequest([`${name}: ${value}`])).closed();
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-refused" });
  });

  it("is logged if it is valid", () => {
    const via = "1.1 a.example, HTTP/2.0 b (nginx 1/2)";
    const forwarded = 'for=192.0.2.1;proto=https, for="[2001:db8::1]:1"; by=x';
    expect(
      strippedForLog([
        ["Via", via],
        ["Forwarded", forwarded],
      ]),
    ).toEqual({ via, forwarded });
  });
});
