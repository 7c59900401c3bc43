import { expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { handshake } from "../support/client.ts";
import { TOKEN } from "../support/gateways.ts";
import { startShim } from "./shim.ts";

it("relays a client behind a header-injecting proxy", async () => {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
  onTestFinished(() => gateway.close());
  const shim = await startShim(`ws://127.0.0.1:${gateway.port}`);
  const result = await handshake({
    url: `ws://127.0.0.1:${shim.port}`,
    token: TOKEN,
    device: createDevice(),
    headers: { "X-Forwarded-For": "203.0.113.7" },
  });
  expect(result).toMatchObject({ ok: true });
  expect(await shim.line(/"pairing outcome"/)).toContain('"outcome":"connected"');
});
