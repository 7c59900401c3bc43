import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundle, type Bundle } from "../commands/bundle.ts";
import {
  rawClient,
  startRawServer,
  SWITCHING_PROTOCOLS,
  upgradeRequest,
  type RawClient,
} from "../support/raw.ts";
import { startProcess, type Lines } from "./process.ts";

/** A new PID namespace, as in a container; the process in it is PID 1. */
const CONTAINER = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--"] as const;

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

interface PidOne {
  readonly container: Lines;
  /** Its id outside of the namespace. */
  readonly pid: number;
  readonly port: number;
  /** A client whose connection has been upgraded; the gateway echoes what it sends. */
  readonly client: RawClient;
}

/** The bundle as PID 1, with an upgraded connection through it. */
async function startPidOne(drain: string): Promise<PidOne> {
  const gateway = await startRawServer((socket) => {
    socket.once("data", () => {
      socket.write(SWITCHING_PROTOCOLS);
      socket.pipe(socket);
    });
  });
  onTestFinished(() => gateway.close());
  const run = [
    "run",
    "--listen",
    "127.0.0.1:0",
    "--gateway",
    `ws://127.0.0.1:${gateway.port}`,
    "--drain",
    drain,
  ];
  const container = startProcess([...CONTAINER, process.execPath, command.path, ...run]);
  const [, port] = /127\.0\.0\.1:(\d+)"/.exec(await container.line('"listening"')) ?? [];
  const client = rawClient(Number(port), upgradeRequest());
  onTestFinished(() => void client.socket.destroy());
  await client.until((text) => text.includes("\r\n\r\n"));
  return { container, pid: Number(childrenOf(container.child.pid)), port: Number(port), client };
}

function childrenOf(pid: number | undefined): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
}

describe.runIf(process.platform === "linux")("PID 1 in a container", () => {
  it("has no children", async () => {
    const { pid } = await startPidOne("5s");
    expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^NSpid:.*\t1$/m);
    expect(childrenOf(pid)).toBe("");
  });

  it("drains at SIGTERM: refuses new connections, lets open ones finish, and exits 0", async () => {
    const { container, pid, port, client } = await startPidOne("1m");
    process.kill(pid, "SIGTERM");
    await container.line('"draining"');
    const late = connect(port, "127.0.0.1");
    const [error] = (await once(late, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
    client.socket.write("still here");
    expect(await client.until((text) => text.endsWith("still here"))).toMatch(/^HTTP\/1\.1 101 /);
    client.socket.end();
    expect(await container.exit).toEqual([0, null]);
    expect(container.stdout.at(-1)).toContain('"event":"stopped"');
  });

  it("exits at once at the second signal", async () => {
    const { container, pid, client } = await startPidOne("10m");
    process.kill(pid, "SIGTERM");
    await container.line('"draining"');
    process.kill(pid, "SIGINT");
    expect(await container.exit).toEqual([0, null]);
    expect(container.stdout.join("\n")).not.toContain('"event":"stopped"');
    await client.closed();
  });

  it("closes unfinished connections when the drain ends", async () => {
    const { container, pid, client } = await startPidOne("200ms");
    process.kill(pid, "SIGTERM");
    await client.closed();
    expect(await container.exit).toEqual([0, null]);
    expect(container.stdout.at(-1)).toContain('"event":"stopped"');
  });

  it("reports bad settings and exits 2", async () => {
    const container = startProcess([...CONTAINER, process.execPath, command.path, "--hold", "soon"]);
    expect(await container.exit).toEqual([2, null]);
    expect(container.stderr).toEqual([
      expect.stringContaining('openclaw-shim: --hold: "soon" is not a duration'),
    ]);
  });
});
