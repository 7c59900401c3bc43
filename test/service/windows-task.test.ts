import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { bundle, type Bundle } from "../commands/bundle.ts";
import {
  freePort,
  rawClient,
  startRawServer,
  SWITCHING_PROTOCOLS,
  upgradeRequest,
  type RawClient,
} from "../support/raw.ts";
import { startWindows, TASK, type Windows } from "./windows.ts";

/** Each test starts a shim, some three. */
const SLOW = { timeout: 60_000 };

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

/** The shim as an installed task, which runs. */
async function installed(...args: readonly string[]): Promise<Windows & { readonly port: number }> {
  const windows = startWindows(command.path);
  const port = await freePort();
  const code = await windows.install("--listen", `127.0.0.1:${port}`, ...args);
  expect([code, windows.warned]).toEqual([0, []]);
  return Object.assign(windows, { port });
}

/** An upgraded connection through the installed shim; the gateway echoes what it sends. */
async function connectedClient(): Promise<{ windows: Windows; client: RawClient }> {
  const gateway = await startRawServer((socket) => {
    socket.once("data", () => {
      socket.write(SWITCHING_PROTOCOLS);
      socket.pipe(socket);
    });
  });
  onTestFinished(() => gateway.close());
  const windows = await installed("--gateway", `ws://127.0.0.1:${gateway.port}`, "--drain", "1m");
  const client = rawClient(windows.port, upgradeRequest());
  onTestFinished(() => void client.socket.destroy());
  await client.until((text) => text.includes("\r\n\r\n"));
  return { windows, client };
}

function logOf({ folder }: Windows): string {
  return readFileSync(join(folder, "openclaw-shim.log"), "utf8");
}

/** What Windows would have: a named pipe has no file. */
function filesOf({ folder }: Windows): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { withFileTypes: true });
  return files.filter((file) => !file.isSocket()).map(({ name }) => name);
}

const CREATE = (folder: string): string => `/create /f /tn ${TASK} /xml ${join(folder, "task.xml")}`;
const STOP = [`/end /tn ${TASK}`, `/delete /f /tn ${TASK}`];

describe("Scheduled Task: install and uninstall", SLOW, () => {
  it("registers a UTF-16 XML with the intended values, and runs it", async () => {
    const windows = await installed();
    expect(windows.changes()).toEqual([CREATE(windows.folder), `/run /tn ${TASK}`]);
    expect(windows.said.at(-1)).toContain(`openclaw-shim responds at 127.0.0.1:${windows.port}`);
    expect(readFileSync(join(windows.folder, "task.xml")).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xfe]));
    const account = "WERK\\Jörg & Söhne";
    expect(windows.task()).toMatchObject({
      "Triggers/LogonTrigger/UserId": account,
      "Principals/Principal/UserId": account,
      "Principals/Principal/LogonType": "InteractiveToken",
      "Principals/Principal/RunLevel": "LeastPrivilege",
      "Settings/MultipleInstancesPolicy": "IgnoreNew",
      "Settings/DisallowStartIfOnBatteries": "false",
      "Settings/StopIfGoingOnBatteries": "false",
      "Settings/ExecutionTimeLimit": "PT0S",
      "Settings/RestartOnFailure/Interval": "PT1M",
      "Actions/Exec/Arguments": `//B //NoLogo //E:JScript "${join(windows.folder, "launcher.js")}"`,
    });
    // Every code page reads it alike.
    const launcher = readFileSync(join(windows.folder, "launcher.js"), "latin1");
    expect(launcher).toMatch(/^[ -~\n]+$/);
    expect(launcher).toContain("J\\u00f6rg & Co");
  });

  it("does nothing the second time; for an upgrade it stops the shim first, and replaces the task", async () => {
    const windows = await installed();
    const { pid } = await windows.status();
    windows.changes();
    expect(await windows.install()).toBe(0);
    expect(windows.changes()).toEqual([]);
    expect(windows.said).toContain("nothing to do: it is already installed like this");
    const later = join(command.folder, "later.mjs");
    writeFileSync(later, `${readFileSync(command.path, "utf8")}\n`);
    windows.program = later;
    expect(await windows.install()).toBe(0);
    expect(windows.changes()).toEqual([...STOP, CREATE(windows.folder), `/run /tn ${TASK}`]);
    expect(windows.said).toContain("stopped openclaw-shim, which drained");
    expect((await windows.status())["pid"]).not.toBe(pid);
    expect(windows.launched()).toEqual(["run 0 true: 0", "quit 0"]);
  });

  it("removes the task and every file", async () => {
    const windows = await installed();
    windows.changes();
    expect(await windows.uninstall()).toBe(0);
    expect(windows.changes()).toEqual(STOP);
    expect(filesOf(windows)).toEqual([]);
  });

  it("changes nothing in a dry run, and prints the task and its launcher", async () => {
    const windows = startWindows(command.path);
    await windows.install("--dry-run", "--hold", "20s");
    const said = windows.said.join("\n");
    expect(said).toContain("    OPENCLAW_SHIM_HOLD=20s");
    expect(said).toContain("    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>");
    expect(said).toContain("shell.Run(");
    expect(said).toContain(`schtasks.exe /run /tn ${TASK}`);
    expect(windows.changes()).toEqual([]);
    expect(existsSync(windows.folder)).toBe(false);
  });

  it("refuses a path with a %, which Windows would replace", async () => {
    const windows = startWindows(command.path);
    const node = join(command.folder, "100% node");
    writeFileSync(node, "#!/bin/sh\necho v22.0.0\n", { mode: 0o755 });
    await expect(windows.install("--node", node)).rejects.toThrow("contains %");
  });
});

describe("Scheduled Task: the running shim", SLOW, () => {
  it("is restarted after a crash, after a pause", async () => {
    const windows = await installed();
    const { pid } = await windows.status();
    process.kill(Number(pid), "SIGKILL");
    await vi.waitFor(async () => {
      const now = await windows.status();
      expect(now["running"]).toBe(true);
      expect(now["pid"]).not.toBe(pid);
    }, 15_000);
    expect(windows.launched()[1]).toBe("sleep 5000");
  });

  it("drains when it is stopped: an open connection may finish", async () => {
    const { windows, client } = await connectedClient();
    const uninstalled = windows.uninstall();
    await vi.waitFor(() => expect(logOf(windows)).toContain('"event":"draining"'), 15_000);
    client.socket.write("still echoed");
    await client.until((text) => text.endsWith("still echoed"));
    client.socket.end();
    expect(await uninstalled).toBe(0);
    expect(windows.launched()).toEqual(["run 0 true: 0", "quit 0"]);
  });

  it("is not stopped by a connection to its pipe that only reads", async () => {
    const windows = await installed();
    const { pid } = await windows.status();
    const socket = connect(readFileSync(join(windows.folder, "control"), "utf8"));
    onTestFinished(() => void socket.destroy());
    let received = "";
    socket.setEncoding("utf8").on("data", (text: string) => (received += text));
    // As the user who may only read, it cannot keep the pipe busy either.
    await once(socket, "close");
    expect(received).toBe("");
    expect((await windows.status())["pid"]).toBe(pid);
    expect(logOf(windows)).not.toContain("draining");
  });

  it("starts after a crash, although another program has its pipe", async () => {
    const windows = await installed();
    const { pid } = await windows.status();
    process.kill(Number(pid), "SIGKILL");
    const pipe = readFileSync(join(windows.folder, "control"), "utf8");
    rmSync(pipe);
    const squatter = createServer().listen(pipe);
    onTestFinished(() => void squatter.close());
    await vi.waitFor(async () => {
      const { pid: now, running } = await windows.status();
      expect([running, now === pid]).toEqual([true, false]);
    }, 15_000);
  });

  it("is not started a second time beside the first", async () => {
    const windows = await installed();
    const { pid } = await windows.status();
    const launched = windows.launched().length;
    windows.runAgain();
    const wanted = ["run 0 true: 2", "quit 2"];
    await vi.waitFor(() => expect(windows.launched().slice(launched)).toEqual(wanted), 15_000);
    expect(logOf(windows)).toContain(`openclaw-shim: the task runs already (pid ${String(pid)})\n`);
    expect((await windows.status())["pid"]).toBe(pid);
  });

  it("logs to a file, and keeps one full file besides", async () => {
    const windows = startWindows(command.path);
    mkdirSync(windows.folder, { recursive: true });
    const full = `${"x".repeat(99)}\n`.repeat(41_943);
    writeFileSync(join(windows.folder, "openclaw-shim.log"), full);
    await windows.install("--listen", `127.0.0.1:${await freePort()}`);
    expect(logOf(windows).slice(0, 100)).toContain('"event":"listening"');
    expect(statSync(join(windows.folder, "openclaw-shim.log.1")).size).toBe(full.length);
    await windows.uninstall();
    expect(filesOf(windows)).toEqual([]);
  });

  it("logs why it does not run, and is not restarted for wrong settings", async () => {
    const windows = await installed();
    const { pid } = await windows.status();
    appendFileSync(join(windows.folder, "environment"), "OPENCLAW_SHIM_HOLD=soon\n");
    process.kill(Number(pid), "SIGKILL");
    await vi.waitFor(() => expect(windows.launched().at(-1)).toBe("quit 2"), 15_000);
    expect(logOf(windows)).toMatch(/^openclaw-shim: OPENCLAW_SHIM_HOLD: "soon"/m);
  });
});
