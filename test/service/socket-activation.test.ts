import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { createServer, type ListenOptions } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundle, type Bundle } from "../commands/bundle.ts";
import { startProcess, type Lines } from "./process.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

/** A listening socket, as systemd opens it. */
interface OpenSocket {
  readonly fd: number;
  readonly port: number;
  /** Closes this process's copy of it. */
  readonly close: () => void;
}

async function openSocket(where: ListenOptions): Promise<OpenSocket> {
  const server = createServer();
  server.listen(where);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  // oxlint-disable-next-line no-underscore-dangle -- Node tells the descriptor of a server nowhere else
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { fd, port, close: () => void server.close() };
}

/** Starts `run` with descriptor 3, which LISTEN_PID assigns to it, or to `owner`. */
function activated(fd: number, args: readonly string[] = [], owner = "$$", count = "1"): Lines {
  const script = `LISTEN_FDNAMES=openclaw-shim LISTEN_FDS=${count} LISTEN_PID=${owner} exec "$@"`;
  const gateway = args.includes("--gateway") ? [] : ["--gateway", "ws://127.0.0.1:9"];
  const run = [process.execPath, command.path, "run", ...gateway, ...args];
  return startProcess(["/bin/sh", "-c", script, "sh", ...run], {}, fd);
}

describe("a socket that systemd hands over", () => {
  it("replaces --listen", async () => {
    const { fd, port } = await openSocket({ host: "127.0.0.1", port: 0 });
    const shim = activated(fd, ["--listen", "127.0.0.1:1"]);
    expect(await shim.line('"listening"')).toContain(`"addresses":["127.0.0.1:${port}"]`);
    shim.child.kill("SIGTERM");
    expect(await shim.exit).toEqual([0, null]);
  });

  it("accepts connections", async () => {
    const { fd, port, close } = await openSocket({ host: "127.0.0.1", port: 0 });
    const shim = activated(fd);
    await shim.line('"listening"');
    // Else both would accept.
    close();
    expect((await fetch(`http://127.0.0.1:${port}/__shim__/health`)).status).toBe(503);
  });

  it("for another process is ignored", async () => {
    const { fd, port } = await openSocket({ host: "127.0.0.1", port: 0 });
    const shim = activated(fd, ["--listen", "127.0.0.1:0"], "1");
    const line = await shim.line('"listening"');
    expect(line).toMatch(/"addresses":\["127\.0\.0\.1:\d+"\]/);
    expect(line).not.toContain(`:${port}"`);
  });

  it("with the gateway's address is refused, as --listen is: the shim would connect to itself", async () => {
    const { fd, port } = await openSocket({ host: "127.0.0.1", port: 0 });
    const shim = activated(fd, ["--gateway", `ws://localhost:${port}`]);
    expect(await shim.exit).toEqual([2, null]);
    expect(shim.stderr.join("\n")).toContain(
      `socket 3, handed over by systemd: 127.0.0.1:${port} is the gateway's own address`,
    );
  });

  it("beyond loopback needs --allow-from, as --listen does", async () => {
    const { fd, port } = await openSocket({ host: "0.0.0.0", port: 0 });
    const refused = activated(fd);
    expect(await refused.exit).toEqual([2, null]);
    expect(refused.stdout).toEqual([]);
    expect(refused.stderr).toEqual([
      "openclaw-shim: socket 3, handed over by systemd: 0.0.0.0 is not a loopback address; give --allow-from CIDR " +
        "with the peers that may connect, or make it ListenStream=127.0.0.1:18788 in the socket unit",
    ]);
    const allowed = activated(fd, ["--allow-from", "10.0.0.0/8"]);
    expect(await allowed.line('"listening"')).toContain(`0.0.0.0:${port}`);
  });

  it.each([
    ["a Unix socket", () => openSocket({ path: join(command.folder, "socket") })],
    [
      "a file",
      () => {
        const fd = openSync("/dev/null", "r");
        onTestFinished(() => closeSync(fd));
        return Promise.resolve({ fd });
      },
    ],
  ])("that is %s is refused", async (_what, open) => {
    const shim = activated((await open()).fd);
    expect(await shim.exit).toEqual([2, null]);
    expect(shim.stderr).toEqual([
      expect.stringContaining("socket 3, handed over by systemd: is not a TCP socket"),
    ]);
  });

  it.each(["-1", "many", "65", "1e3"])("LISTEN_FDS=%s is refused", async (count) => {
    const { fd } = await openSocket({ host: "127.0.0.1", port: 0 });
    const shim = activated(fd, [], "$$", count);
    expect(await shim.exit).toEqual([2, null]);
    expect(shim.stderr).toEqual([
      "openclaw-shim: LISTEN_FDS: is not a number of sockets from 0 to 64; systemd sets it",
    ]);
  });
});
