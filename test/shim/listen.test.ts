import { once } from "node:events";
import { connect, createServer } from "node:net";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { openShim } from "../../src/shim.ts";
import { portOf } from "../support/raw.ts";
import { testSettings } from "../support/settings.ts";
import { openShimFor } from "../support/shim.ts";

const silent = pino({ level: "silent" });

async function refusesAt(port: number): Promise<boolean> {
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

async function taken(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return portOf(server);
}

describe("the addresses of a shim", () => {
  it("are all bound, and told with their ports in one line", async () => {
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

  it("are all bound or none: the first is free again when the second is taken", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const port = portOf(free);
    free.close();
    await once(free, "close");
    const listen = [
      { host: "127.0.0.1", port },
      { host: "127.0.0.1", port: await taken() },
    ];
    await expect(openShim({ ...testSettings(1), listen }, silent)).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    expect(await refusesAt(port)).toBe(true);
  });

  it("may be absent from the machine where they are optional, and only there", async () => {
    // 192.0.2.0/24 is nobody's (RFC 5737).
    const absent = { host: "192.0.2.1", port: 0 };
    const here = { host: "127.0.0.1", port: 0 };
    const { shim } = await openShimFor({ port: 1 }, { listen: [here, { ...absent, optional: true }] });
    expect(shim.addresses).toHaveLength(1);
    const wanted = { ...testSettings(1), listen: [here, absent] };
    await expect(openShim(wanted, silent)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  it("must be free even where they are optional", async () => {
    const listen = [{ host: "127.0.0.1", port: await taken(), optional: true }];
    await expect(openShim({ ...testSettings(1), listen }, silent)).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});
