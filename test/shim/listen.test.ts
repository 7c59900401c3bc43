import { once } from "node:events";
import { connect, createServer } from "node:net";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { openShim } from "../../src/shim.ts";
import { freePort, portOf } from "../support/raw.ts";
import { testSettings } from "../support/settings.ts";
import { openShimFor } from "../support/shim.ts";

const silent = pino({ level: "silent" });

async function refusesConnections(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

/** Returns a port that is in use. */
async function portInUse(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return portOf(server);
}

describe("the addresses of a shim", () => {
  it("are all bound, and logged with their ports in one line", async () => {
    const listen = [
      { host: "127.0.0.1", port: 0 },
      { host: "127.0.0.2", port: 0 },
      { host: "::1", port: 0, optional: true },
    ];
    const { shim, lines } = await openShimFor({ port: 1 }, { listen });
    expect(shim.addresses).toHaveLength(3);
    expect(shim.addresses.join(" ")).toMatch(/^127\.0\.0\.1:\d+ 127\.0\.0\.2:\d+ \[::1\]:\d+$/);
    expect(lines).toContainEqual(expect.objectContaining({ event: "listening", addresses: shim.addresses }));
    for (const address of shim.addresses) {
      expect((await fetch(`http://${address}/__shim__/health`)).status).toBe(503);
    }
  });

  it("are all bound or none: the first is released when the second is in use", async () => {
    const port = await freePort();
    const listen = [
      { host: "127.0.0.1", port },
      { host: "127.0.0.1", port: await portInUse() },
    ];
    await expect(openShim({ ...testSettings(1), listen }, silent)).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    expect(await refusesConnections(port)).toBe(true);
  });

  it("may be absent from the machine only if they are optional", async () => {
    // No machine has an address of 192.0.2.0/24 (RFC 5737).
    const absent = { host: "192.0.2.1", port: 0 };
    const loopback = { host: "127.0.0.1", port: 0 };
    const { shim } = await openShimFor({ port: 1 }, { listen: [loopback, { ...absent, optional: true }] });
    expect(shim.addresses).toHaveLength(1);
    const settings = { ...testSettings(1), listen: [loopback, absent] };
    await expect(openShim(settings, silent)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  it("must be free even if they are optional", async () => {
    const listen = [{ host: "127.0.0.1", port: await portInUse(), optional: true }];
    await expect(openShim({ ...testSettings(1), listen }, silent)).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});
