import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { handshake, type HandshakeResult } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { FAKE_RELEASES } from "./behaviors.ts";
import type { FakeRelease } from "./behaviors.ts";
import { startFakeGateway } from "./server.ts";
import type { FakeGateway } from "./server.ts";

type Cell = "OK" | "1008" | "403";
interface Row {
  readonly what: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly trusted?: boolean;
  readonly cells: readonly [Cell, Cell, Cell, Cell];
}

/** docs/gateway.md section 1, row by row. 2026.4.5 behind trusted proxies was read in its code. */
const TABLE: readonly Row[] = [
  { what: "a clean request", headers: {}, cells: ["OK", "OK", "OK", "OK"] },
  {
    what: "X-Forwarded-For: 127.0.0.1",
    headers: { "X-Forwarded-For": "127.0.0.1" },
    cells: ["1008", "1008", "1008", "403"],
  },
  { what: "an empty X-Forwarded-For", headers: { "X-Forwarded-For": "" }, cells: ["OK", "OK", "OK", "403"] },
  { what: "only X-Forwarded-Port", headers: { "X-Forwarded-Port": "443" }, cells: ["OK", "OK", "OK", "403"] },
  { what: "Host: sb.vercel.run", headers: { Host: "sb.vercel.run" }, cells: ["1008", "1008", "OK", "OK"] },
  {
    what: "Via and CF-Connecting-IP",
    headers: { Via: "1.1 a", "CF-Connecting-IP": "203.0.113.7" },
    cells: ["OK", "OK", "OK", "OK"],
  },
  {
    what: "Tailscale-User-Login",
    headers: { "Tailscale-User-Login": "a@example.com" },
    cells: ["OK", "OK", "OK", "403"],
  },
  {
    what: "a clean request, loopback as a trusted proxy",
    headers: {},
    trusted: true,
    cells: ["1008", "1008", "OK", "OK"],
  },
  {
    what: "X-Forwarded-For: 127.0.0.1, loopback as a trusted proxy",
    headers: { "X-Forwarded-For": "127.0.0.1" },
    trusted: true,
    cells: ["OK", "1008", "1008", "403"],
  },
];

function cellOf(result: HandshakeResult): string {
  if (result.ok) return "OK";
  return String(result.http?.status ?? result.close?.code ?? result.failure);
}

describe.each(FAKE_RELEASES)("a fresh device at %s", (release: FakeRelease) => {
  let plain: FakeGateway;
  let trusting: FakeGateway;
  beforeAll(async () => {
    plain = await startFakeGateway({ release, token: "t" });
    trusting = await startFakeGateway({ release, token: "t", trustedProxies: ["127.0.0.0/8"] });
  });
  afterAll(() => Promise.all([plain.close(), trusting.close()]));

  it.each(TABLE)("with $what", async ({ headers, trusted, cells }) => {
    const { url } = trusted ? trusting : plain;
    const result = await handshake({ url, token: "t", device: createDevice(), headers });
    expect(cellOf(result)).toBe(cells[FAKE_RELEASES.indexOf(release)]);
  });
});
