// Run by exit.test.ts as a separate process: opens a shim, sends traffic of every kind, closes, and does not exit.
import { once } from "node:events";
import { connect } from "node:net";
import { silentLogger } from "../../src/log/logger.ts";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { openShim } from "../../src/shim.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { upgradeRequest } from "../support/raw.ts";
import { testSettings } from "../support/settings.ts";

const fakeGateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
const shim = await openShim(testSettings(fakeGateway.port), silentLogger());
const outcomes: string[] = [];
shim.on("outcome", ({ outcome }) => outcomes.push(outcome));
const url = `ws://${shim.addresses[0] ?? ""}`;
const port = Number(new URL(url).port);
const outcomeCount = (count: number): Promise<void> =>
  new Promise((resolve) => {
    const check = (): void => {
      if (outcomes.length >= count) resolve();
    };
    shim.on("outcome", check);
    check();
  });

/** Sends `text` and waits for the first bytes of the response. */
async function raw(text: string): Promise<ReturnType<typeof connect>> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.write(text);
  await once(socket, "data");
  return socket;
}

await handshake({ url, token: "t", device: createDevice() });
const open = await handshake({ url, token: "t", device: createDevice(), keepOpen: true });
if (!open.ok) throw new Error("not connected");
// The shim relays a second key; the gateway refuses it with HTTP.
const refused = await raw(upgradeRequest(["Sec-WebSocket-Key: again"]));
refused.destroy();
await outcomeCount(3);
const abandoned = await raw(upgradeRequest());
abandoned.resetAndDestroy();
await outcomeCount(4);
await raw(upgradeRequest(["Origin: none"]));
await outcomeCount(5);
await (await fetch(`http://127.0.0.1:${port}/health`)).text();

const start = performance.now();
await shim.close();
await fakeGateway.close();
process.stdout.write(JSON.stringify({ outcomes, closedInTime: performance.now() - start < 4_000 }));
