// CWE-770: the gateway refuses every upgrade while 32 handshakes are unauthenticated (docs/gateway.md section 4), so
// one client that opens 32 connections would keep all others out.
import { expect, it } from "vitest";
import { connectThrough, startFakeGatewayWithShim } from "../support/gateways.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";

it("a client with many silent connections does not keep others out, and is served when they end", async () => {
  const { shim, fakeGateway } = await startFakeGatewayWithShim();
  const fields = ["X-Forwarded-For: 203.0.113.7"];
  const silent = Array.from({ length: 60 }, () => rawClient(shim.port, upgradeRequest(fields)));
  await expect.poll(() => fakeGateway.connections).toBe(22);

  const others = await Promise.all(Array.from({ length: 10 }, () => connectThrough(shim)));
  expect(others.map(({ ok }) => ok)).not.toContain(false);

  const late = connectThrough(shim, { headers: { "X-Forwarded-For": "203.0.113.7" } });
  for (const { socket } of silent) socket.destroy();
  expect(await late).toMatchObject({ ok: true });
  expect(shim.outcomes.filter(({ outcome }) => outcome === "gateway-refused")).toEqual([]);
});
