import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "./bundle.ts";
import { freePort } from "../support/raw.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

const GATEWAY = ["--gateway", "ws://127.0.0.1:9"];
const RUN = ["run", "--listen", "127.0.0.1:0", ...GATEWAY];

describe("the log", () => {
  it("is JSON by default if stdout is not a terminal, with the level as a word", async () => {
    const shim = start(command, RUN);
    const line: unknown = JSON.parse(await shim.line(/"event":"listening"/));
    expect(line).toMatchObject({
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      msg: "listening",
    });
    expect(line).not.toHaveProperty("pid");
    shim.signal("SIGTERM");
    await shim.exit;
  });

  it("is for people with --log-format pretty, in plain text off a terminal", async () => {
    const shim = start(command, [...RUN, "--log-format", "pretty", "--hold", "0"]);
    const listening = await shim.line(/listening/);
    const [, port] = /on ws:\/\/127\.0\.0\.1:(\d+)/.exec(listening) ?? [];
    const evil = request({ port, headers: { Host: "evil.example" } }).end();
    await once(evil, "response");
    evil.destroy();
    await shim.line(/^\d\d:\d\d:\d\d {2}request denied {8}host_not_allowed$/);
    await shim.line(/^ {10}fix: /);
    shim.signal("SIGTERM");
    await shim.exit;
    expect(shim.stdout.join("\n")).not.toContain("\u001B");
  });

  it("is empty with --log-level silent", async () => {
    const port = await freePort();
    const shim = start(command, [
      "run",
      "--listen",
      `127.0.0.1:${port}`,
      ...GATEWAY,
      "--log-level",
      "silent",
    ]);
    await answers(port);
    shim.signal("SIGTERM");
    expect(await shim.exit).toBe(0);
    expect([...shim.stdout, ...shim.stderr]).toEqual([]);
  });

  it("whose reader goes away does not end the daemon", async () => {
    const shim = start(command, RUN);
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(await shim.line(/"event":"listening"/)) ?? [];
    shim.closeStdout();
    // Each of these is a line that nobody can read any more.
    for (let i = 0; i < 3; i += 1) {
      const { status } = await fetch(`http://127.0.0.1:${port}/__shim__/health`, { method: "POST" });
      expect(status).toBeGreaterThanOrEqual(400);
    }
    const metrics = await (await fetch(`http://127.0.0.1:${port}/__shim__/metrics`)).text();
    expect(metrics).toMatch(/^openclaw_shim_log_lines_dropped_total [1-9]/m);
    shim.signal("SIGTERM");
    expect(await shim.exit).toBe(0);
    expect(shim.stderr).toEqual([]);
  });

  it("whose reader does not read neither stops the daemon nor holds its exit", async () => {
    const fifo = join(command.folder, "full");
    execFileSync("mkfifo", [fifo]);
    const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    fill(reader);
    const writer = openSync(fifo, constants.O_WRONLY);
    const port = await freePort();
    const args = ["run", "--listen", `127.0.0.1:${port}`, ...GATEWAY];
    const shim = start(command, args, {}, writer);
    await answers(port);
    shim.signal("SIGTERM");
    expect(await shim.exit).toBe(0);
    closeSync(writer);
    closeSync(reader);
  });

  it("on a full disk does not end the daemon", async () => {
    const full = openSync("/dev/full", "w");
    const port = await freePort();
    const shim = start(command, ["run", "--listen", `127.0.0.1:${port}`, ...GATEWAY], {}, full);
    await answers(port);
    shim.signal("SIGTERM");
    expect(await shim.exit).toBe(0);
    closeSync(full);
  });

  it("in a file is whole at the exit", async () => {
    const path = join(command.folder, "log");
    const file = openSync(path, "w");
    const port = await freePort();
    const shim = start(command, ["run", "--listen", `127.0.0.1:${port}`, ...GATEWAY], {}, file);
    await expect.poll(() => readFileSync(path, "utf8"), { timeout: 8000 }).toContain('"event":"listening"');
    shim.signal("SIGTERM");
    expect(await shim.exit).toBe(0);
    closeSync(file);
    expect(readFileSync(path, "utf8")).toMatch(/"event":"stopped","msg":"stopped"\}\n$/);
  });
});

/** Resolves when the shim there answers: its gateway is down, which it says. */
async function answers(port: number): Promise<void> {
  const status = (): Promise<number> =>
    fetch(`http://127.0.0.1:${port}/__shim__/health`).then(
      (response) => response.status,
      () => 0,
    );
  await expect.poll(status, { timeout: 8000 }).toBe(503);
}

function fill(fd: number): void {
  try {
    for (;;) writeSync(fd, "x".repeat(4096));
  } catch {
    // EAGAIN: not one byte more.
  }
}
