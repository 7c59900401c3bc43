import { createServer } from "node:net";
import { EventEmitter, once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Settings } from "../../src/settings/settings.ts";
import { closed, portOf, rawClient, startRawServer, type RawServer } from "../support/raw.ts";
import { openTestShim } from "../support/shim.ts";

const APPROVE: Partial<Settings> = { approve: "seen", approveRoles: ["operator"], drain: 0 };

interface Silent {
  readonly gateway: RawServer;
  /** The first connection that has sent something. */
  readonly asked: Promise<Socket>;
}

/** A gateway that accepts and says nothing. */
async function startSilent(): Promise<Silent> {
  const upgrades = new EventEmitter<{ asked: [Socket] }>();
  const gateway = await startRawServer((socket) => {
    socket.on("end", () => socket.end());
    socket.once("data", () => upgrades.emit("asked", socket));
  });
  onTestFinished(() => gateway.close());
  return { gateway, asked: once(upgrades, "asked").then(([socket]) => socket as Socket) };
}

describe("an approver whose handshake is under way", () => {
  it("leaves nothing when the shim closes", async () => {
    const { gateway, asked } = await startSilent();
    const shim = await openTestShim(gateway.port, APPROVE);
    const socket = await asked;
    const start = performance.now();
    await shim.close();
    await closed(socket);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(shim.lines.map((line) => line["event"])).not.toContain("approver.down");
  });

  it("leaves nothing when the shim cannot bind its address", async () => {
    const { gateway } = await startSilent();
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const listen = [
      { host: "127.0.0.1", port: 0 },
      { host: "127.0.0.1", port: portOf(other) },
    ];
    await expect(openTestShim(gateway.port, { ...APPROVE, listen })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    // Connections are accepted in the order in which they came, so the approver's is there when this one is.
    const last = rawClient(gateway.port, "last");
    last.socket.setTimeout(2_000);
    onTestFinished(() => void last.socket.destroy());
    await expect.poll(() => gateway.received()).toMatch(/last$/);
    const others = gateway.sockets.filter(({ remotePort }) => remotePort !== last.socket.localPort);
    await Promise.race([Promise.all(others.map(closed)), once(last.socket, "timeout")]);
    expect(others.every((socket) => socket.closed)).toBe(true);
  });
});
