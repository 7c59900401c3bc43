import { onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import type { Daemon } from "./daemon.ts";

/** Number of parallel upgrades of a flood. */
const PARALLEL = 50;

/** Starts a fake gateway and returns its port; closes it after the test. */
export async function fakeGatewayPort(): Promise<number> {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
  onTestFinished(() => gateway.close());
  return gateway.port;
}

/** Returns true if a new device connects. */
export async function connects({ port }: Daemon): Promise<boolean> {
  const url = `ws://127.0.0.1:${port}`;
  return (await handshake({ url, token: "t", device: createDevice() })).ok;
}

/** Opens upgrades and disconnects at the response: each writes a log line. The shim summarises those that it refuses. */
export async function flood(daemon: Daemon, times: number): Promise<void> {
  const one = async (): Promise<void> => {
    const client = rawClient(daemon.port, upgradeRequest());
    client.socket.once("data", () => client.socket.destroy());
    await client.closed();
  };
  for (let sent = 0; sent < times; sent += PARALLEL) await Promise.all(Array.from({ length: PARALLEL }, one));
}
