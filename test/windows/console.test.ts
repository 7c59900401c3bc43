import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { TOKEN } from "../support/gateways.ts";
import { startShim } from "./shim.ts";

it("drains and exits with 0 at Ctrl-C in its console", async () => {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
  onTestFinished(() => gateway.close());
  const shim = await startShim(`ws://127.0.0.1:${gateway.port}`, ["--drain", "1s"], { console: true });
  const client = new WebSocket(`ws://127.0.0.1:${shim.port}`);
  await once(client, "open");
  shim.type("\u0003");
  await once(client, "close");
  expect(await shim.exit).toBe(0);
  expect(await shim.line(/"event":"draining"/)).toContain('"open":1');
  expect(await shim.line(/"event":"stopped"/)).toContain("stopped");
  expect(shim.stderr()).toEqual([]);
});
