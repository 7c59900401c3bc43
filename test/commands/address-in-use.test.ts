import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { portOf } from "../support/raw.ts";
import { bundle, start, type Bundle, type RunningCommand } from "./bundle.ts";
import { isRoot, NOBODY } from "./pre-pair/users.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

/** Starts a shim at an address that it cannot listen on. Returns why, and what to do. */
async function refused(port: number, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const shim = start(command, ["--listen", `127.0.0.1:${port}`, "--gateway", "ws://127.0.0.1:9"], env);
  expect(await shim.exit).toBe(1);
  expect(shim.stdout).toEqual([]);
  expect(shim.stderr).toHaveLength(1);
  const [, rest = ""] =
    shim.stderr[0]?.split(`openclaw-shim: cannot start: 127.0.0.1:${port} is in use by `) ?? [];
  return rest;
}

async function startShim(): Promise<{ readonly shim: RunningCommand; readonly port: number }> {
  const shim = start(command, ["--listen", "127.0.0.1:0", "--gateway", "ws://127.0.0.1:9"]);
  const [, port] = /127\.0\.0\.1:(\d+)/.exec(await shim.line(/"event":"listening"/)) ?? [];
  return { shim, port: Number(port) };
}

describe.runIf(process.platform === "linux")("run, where the address is in use", () => {
  it("names the program there, and the command that ends it", async () => {
    const server = createHttpServer((_, response) => response.writeHead(404).end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    expect(await refused(portOf(server))).toMatch(
      new RegExp(
        `^[\\w., -]*node \\(pid ${process.pid}\\); end it, or choose another --listen: kill ${process.pid}$`,
      ),
    );
  });

  it("names --metrics-listen, where that is the address", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const where = ["--listen", "127.0.0.1:0", "--metrics-listen", `${portOf(server)}`];
    const shim = start(command, [...where, "--gateway", "ws://127.0.0.1:9"]);
    expect(await shim.exit).toBe(1);
    expect(shim.stderr.join()).toContain("end it, or choose another --metrics-listen: kill");
  });

  it("names another shim, which the command ends", async () => {
    const { shim, port } = await startShim();
    const why = await refused(port);
    expect(why).toMatch(
      /^another openclaw-shim, node \(pid \d+\); end it, or choose another --listen: kill \d+$/,
    );
    spawn("sh", ["-c", why.split(": ").at(-1) ?? ""]);
    expect(await shim.exit).toBe(0);
  });

  it("names the service, and the command that stops it for good", async () => {
    const { shim, port } = await startShim();
    const bin = join(command.folder, "bin");
    mkdirSync(bin);
    copyFileSync(join(import.meta.dirname, "../service/systemctl.sh"), join(bin, "systemctl"));
    const env = { PATH: `${bin}:/usr/bin:/bin`, FAKE_SYSTEMD: bin, FAKE_LISTEN: `127.0.0.1:${port}` };
    // Its process is another one.
    const byHand = await refused(port, env);
    expect(byHand).toContain("another openclaw-shim");
    const [, pid = ""] = /pid (\d+)/.exec(byHand) ?? [];
    expect(await refused(port, { ...env, FAKE_PID: pid })).toMatch(
      /^the service openclaw-shim\.service \(user\), node \(pid \d+\); use that one, or stop it first: systemctl --user stop openclaw-shim\.socket openclaw-shim\.service$/,
    );
    // A service at another address does not matter.
    expect(await refused(port, { ...env, FAKE_PID: pid, FAKE_LISTEN: "127.0.0.2:1" })).toContain(
      "another openclaw-shim",
    );
    shim.signal("SIGTERM");
    await shim.exit;
  });

  it("says that the shim needs a port of its own if the gateway is there, and offers no command", async () => {
    const gateway = await startFakeGateway({ release: "2026.2.19", token: "t" });
    expect(await refused(gateway.port)).toMatch(
      /^OpenClaw's gateway itself, [\w., -]+\(pid \d+\); the shim needs a port of its own: choose another --listen$/,
    );
    await gateway.close();
  });

  it.runIf(isRoot)("says whose program it is if its name cannot be seen, and how to find it", async () => {
    chmodSync(command.folder, 0o755);
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const port = portOf(server);
    const args = [command.path, "--listen", `127.0.0.1:${port}`, "--gateway", "ws://127.0.0.1:9"];
    const child = spawn(process.execPath, args, {
      uid: NOBODY,
      gid: NOBODY,
      env: { HOME: "/nonexistent", PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let text = "";
    for await (const chunk of child.stderr) text += String(chunk);
    expect(text).toBe(
      `openclaw-shim: cannot start: 127.0.0.1:${port} is in use by a program of the user with uid 0; end it, or choose ` +
        `another --listen; this shows which program it is: sudo ss -ltnp 'sport = :${port}'\n`,
    );
  });
});
