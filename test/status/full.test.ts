import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { handshake, type HandshakeResult } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { openTestShim } from "../support/shim.ts";

const SLOTS = 20;
const PAGES = ["metrics", "health", "outcomes"];

it("a shim at its connection limit still responds to scrapes, which use no slot", async () => {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
  onTestFinished(() => gateway.close());
  const shim = await openTestShim(gateway.port, { maxConnections: SLOTS });
  onTestFinished(() => shim.close());
  const connect = (): Promise<HandshakeResult> =>
    handshake({ url: `ws://${shim.authority}`, token: "t", device: createDevice(), keepOpen: true });
  const scrape = async (): Promise<readonly number[]> => {
    const codes: number[] = [];
    for (let count = 0; count < 30; count += 1) {
      const response = await fetch(`http://${shim.authority}/__shim__/${PAGES[count % PAGES.length]}`);
      await response.text();
      codes.push(response.status);
    }
    return codes;
  };

  // Also while the slots fill.
  const [held, ...scrapes] = await Promise.all([
    Promise.all(Array.from({ length: SLOTS }, connect)),
    scrape(),
    scrape(),
  ]);

  expect(held.filter(({ ok }) => ok)).toHaveLength(SLOTS);
  expect(new Set([...scrapes.flat(), ...(await scrape())])).toEqual(new Set([200]));
  expect(await connect()).toMatchObject({ ok: false, http: { status: 503 } });
  const sockets = held.flatMap((result) => (result.ok && result.session ? [result.session.socket] : []));
  expect(sockets.map(({ readyState }) => readyState)).toEqual(Array.from({ length: SLOTS }, () => 1));
  for (const socket of sockets) {
    const pong = once(socket, "pong");
    socket.ping();
    await pong;
    socket.terminate();
  }
});
