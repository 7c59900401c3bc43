import { describe, expect, it } from "vitest";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { exchange, startRecorder } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/** Characters that forge a line, control a terminal or reorder text: C0, DEL, C1 (0x9b is CSI), in latin1. */
const HOSTILE = "a\x1b[2J\x9b31m\x85\x7f\tforged";
/** Those that llhttp accepts in a field value; with the others, a request is malformed. */
const ACCEPTED = "a\x9b31m\x85\xad\tforged";
const SECRET = "s3cr3t-t0ken";

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).concat(Object.values(value).flatMap((inner) => strings(inner)));
}

describe("text from clients in log lines", () => {
  it.each([
    ["Host of a WebSocket", upgradeRequest([], "/", ACCEPTED)],
    ["Host of a request", `GET / HTTP/1.1\r\nHost: ${ACCEPTED}\r\n\r\n`],
    ["Host, malformed", `GET / HTTP/1.1\r\nHost: ${HOSTILE}\r\n\r\n`],
    ["Origin", upgradeRequest([`Origin: http://${ACCEPTED}`])],
    ["a forwarding field", upgradeRequest([`X-Forwarded-For: ${ACCEPTED}`])],
    ["a forwarding field's name", upgradeRequest([`X-Forwarded-${"a".repeat(5_000)}: 1.1.1.1`])],
    ["a long Host", upgradeRequest([], "/", `${"h".repeat(9_000)}.example`)],
    ["Upgrade", `GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: ${ACCEPTED}\r\n\r\n`],
    ["Connection", `GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Cookie, ${ACCEPTED}\r\n\r\n`],
    ["a path", `GET /%1b%5b2J%0aforged${"p".repeat(2_000)} HTTP/1.1\r\nHost: evil.example\r\n\r\n`],
    ["the path of a WebSocket", upgradeRequest([], `/%0a${"p".repeat(2_000)}`)],
    ["bytes that are not HTTP", `${HOSTILE}\n{"event":"pairing.outcome"}\r\n\r\n`],
  ])("is printable and short: %s", async (_what, request) => {
    const gateway = await startRecorder(() => "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    const shim = await openShimFor(gateway);
    const before = shim.lines.length;
    await rawClient(shim.port, request).closed();
    const lines = shim.lines.slice(before).filter(({ event }) => event !== "gateway.up");
    expect(lines).toHaveLength(1);
    for (const text of strings(lines)) {
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(text.length).toBeLessThanOrEqual(300);
    }
  });
});

describe("secrets in a request", () => {
  const FIELDS = [
    `Authorization: Bearer ${SECRET}`,
    `Cookie: session=${SECRET}`,
    `Proxy-Authorization: Basic ${SECRET}`,
    `X-Original-URL: /?token=${SECRET}`,
    `CF-Access-Jwt-Assertion: ${SECRET}`,
    `X-Forwarded-Access-Token: ${SECRET}`,
    `Sec-WebSocket-Protocol: ${SECRET}`,
    `Referer: http://a/?token=${SECRET}`,
  ];

  it.each([
    ["a WebSocket", upgradeRequest(FIELDS, `/?token=${SECRET}`)],
    ["a refused WebSocket", upgradeRequest([...FIELDS, "Origin: null"], `/?token=${SECRET}`, "evil.example")],
    ["a target with userinfo", upgradeRequest([], `http://user:${SECRET}@127.0.0.1/`)],
    ["a fragment", upgradeRequest(["Origin: http://"], `/#token=${SECRET}`)],
  ])("are in no log line and no outcome: %s", async (_what, request) => {
    const gateway = await startRecorder(() => "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    const shim = await openShimFor(gateway);
    await rawClient(shim.port, request).closed();
    await shim.outcome();
    expect(JSON.stringify([shim.lines, shim.outcomes])).not.toContain(SECRET);
  });

  it("are in no log line of a plain request, refused or not", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    for (const host of ["localhost", "evil.example"]) {
      const lines = [`GET /?token=${SECRET} HTTP/1.1`, `Host: ${host}`, "Connection: close", ...FIELDS];
      expect(await exchange(shim.port, lines)).not.toContain(SECRET);
    }
    expect(JSON.stringify(shim.lines)).not.toContain(SECRET);
  });
});
