import { onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import type { Daemon } from "./daemon.ts";

/** At once, of those that are refused. */
const ABREAST = 50;

/** Starts a fake gateway; it ends with the test. */
export async function gatewayPort(): Promise<number> {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
  onTestFinished(() => gateway.close());
  return gateway.port;
}

/** Whether a new device is let in. */
export async function connects({ port }: Daemon): Promise<boolean> {
  const url = `ws://127.0.0.1:${port}`;
  return (await handshake({ url, token: "t", device: createDevice() })).ok;
}

/** Costs the daemon a log line each: upgrades that it refuses. */
export async function flood(daemon: Daemon, times: number): Promise<void> {
  const refused = upgradeRequest(["Origin: none"]);
  for (let sent = 0; sent < times; sent += ABREAST) {
    await Promise.all(Array.from({ length: ABREAST }, () => rawClient(daemon.port, refused).closed()));
  }
}
