import { describe, expect, it } from "vitest";
import { SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import { exchange, exchangeUpgrade, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * OpenClaw treats a request with any of these as remote: 1008 "pairing required", and since 2026.8 HTTP 403 even for
 * an empty value (docs/gateway.md section 1). Each must be deleted in every spelling.
 */
const NAMES = [
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Forwarded-Port",
  "X-Forwarded-Prefix",
  "X-Forwarded-User",
  "X-Forwarded-Made-Up",
  "X-Forwarded-",
  "Forwarded",
  "X-Real-IP",
  "Via",
  "True-Client-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "Fly-Client-IP",
  "Fly-Forwarded-Port",
  "CF-Connecting-IP",
  "CF-Ray",
  "CF-Visitor",
  "CF-Access-Jwt-Assertion",
  "X-Vercel-Id",
  "X-Vercel-Forwarded-For",
  "X-Original-Forwarded-For",
  "X-Original-URL",
  "Tailscale-User-Login",
  "Tailscale-Headers-Info",
] as const;

function spellings(name: string): string[] {
  const mixed = Array.from(name, (char, i) => (i % 2 === 0 ? char.toLowerCase() : char.toUpperCase())).join(
    "",
  );
  return [name, name.toLowerCase(), name.toUpperCase(), mixed].flatMap((form) => [
    form,
    form.replaceAll("-", "_"),
    form.replace("-", "_"),
  ]);
}

const FIELDS = NAMES.flatMap((name) =>
  spellings(name).flatMap((form) => [`${form}: 127.0.0.1`, `${form}:`, `${form}: 127.0.0.1`]),
);
// A header section is limited to 16 KiB.
const PARTS = Array.from({ length: 4 }, (_unused, i) =>
  FIELDS.slice((i * FIELDS.length) / 4, ((i + 1) * FIELDS.length) / 4),
);

describe.each(PARTS.map((part, i) => [i + 1, part] as const))(
  "forwarding fields in every spelling, part %i of 4",
  (_i, part) => {
    it("are deleted from a WebSocket handshake, and nothing else is", async () => {
      const gateway = await startRecorder(() => SWITCHING_PROTOCOLS);
      const shim = await openShimFor(gateway);
      expect(statusOf(await exchangeUpgrade(shim.port, upgradeRequest([...part, "X-Kept: 1"])))).toBe(101);
      expect(gateway.requests()[0]?.fields).toEqual([
        `Host: 127.0.0.1:${gateway.port}`,
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "X-Kept: 1",
        "Connection: Upgrade",
        "Upgrade: websocket",
      ]);
    });

    it("are deleted from a plain request, and nothing else is", async () => {
      const gateway = await startRecorder();
      const shim = await openShimFor(gateway);
      await exchange(shim.port, [
        "GET / HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        ...part,
        "X-Kept: 1",
      ]);
      expect(gateway.requests()[0]?.fields).toEqual([
        `Host: 127.0.0.1:${gateway.port}`,
        "X-Kept: 1",
        "Connection: keep-alive",
      ]);
    });
  },
);
