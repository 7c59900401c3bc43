import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFakeGateway, type FakeGateway } from "../../fake-gateway/server.ts";
import { bundle, type Bundle } from "../bundle.ts";
import { refusesConnections, startExec, type Run } from "./exec-process.ts";

let program: Bundle;
let gateway: FakeGateway;
beforeAll(async () => {
  program = await bundle();
  gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
});
afterAll(async () => {
  program.remove();
  await gateway.close();
});

const exec = (args: readonly string[]): Run =>
  startExec(program, args, { OPENCLAW_SHIM_GATEWAY: gateway.url, OPENCLAW_GATEWAY_TOKEN: "t" });

describe("exec's exit code is", () => {
  it.each([
    [
      "127 if the command does not exist",
      ["--", "no-such-command"],
      127,
      'cannot run "no-such-command": not found',
    ],
    ["126 if it is not executable", ["--", "/etc/passwd"], 126, 'cannot run "/etc/passwd": EACCES'],
    ["125 without a command", [], 125, "exec: needs a command; write openclaw-shim exec -- COMMAND"],
    ["125 without --", ["openclaw", "cron", "list"], 125, "exec: needs a command"],
    ["125 for bad settings", ["--hold", "soon", "--", "true"], 125, '--hold: "soon" '],
    [
      "125 if the gateway is not up",
      ["--gateway", "ws://127.0.0.1:9", "--hold", "0s", "--", "true"],
      125,
      "cannot start: the gateway at ws://127.0.0.1:9 is not up (ECONNREFUSED); start the gateway",
    ],
  ])("%s", async (_, args, code, line) => {
    const run = exec(args);
    expect(await run.exit).toBe(code);
    expect(run.stdout()).toBe("");
    expect(run.stderr()).toContain(`openclaw-shim: ${line}`);
    expect(run.stderr().trimEnd().split("\n")).toHaveLength(1);
  });

  it("125 if the address is in use", async () => {
    const run = exec(["--listen", `127.0.0.1:${gateway.port}`, "--", "true"]);
    expect(await run.exit).toBe(125);
  });

  it("128 and the number of the signal that ended the command", async () => {
    expect(await exec(["--", "sh", "-c", "kill -KILL $$"]).exit).toBe(128 + 9);
  });
});

describe("exec passes on", () => {
  it.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"] as const)("%s", async (signal) => {
    const number = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1, SIGUSR1: 10 }[signal];
    const code = `
      process.on("${signal}", () => { console.log("got"); process.exit(${number}); });
      setInterval(() => {}, 1000);
      console.log("ready");
    `;
    const run = exec(["--", process.execPath, "-e", code]);
    await expect.poll(run.stdout).toBe("ready\n");
    run.child.kill(signal);
    expect(await run.exit).toBe(number);
    expect(run.stdout()).toBe("ready\ngot\n");
  });
});

/** Runs `exec` on a terminal of its own (script(1)), and returns the terminal. */
function onTerminal(line: string): ChildProcess {
  const terminal = spawn("script", ["-qefc", line, "/dev/null"], {
    cwd: program.folder,
    env: { HOME: program.folder, PATH: "/usr/bin:/bin", SHELL: "/bin/sh" },
    stdio: ["pipe", "ignore", "inherit"],
  });
  program.running.add(terminal);
  terminal.once("close", () => program.running.delete(terminal));
  return terminal;
}

describe("exec on a terminal", () => {
  const file = (name: string): string => join(program.folder, name);
  const read = (name: string): string => (existsSync(file(name)) ? readFileSync(file(name), "utf8") : "");

  it("ends with the command when the terminal is closed", async () => {
    const tool = `trap 'echo hangup > signal; exit 3' HUP; echo $OPENCLAW_GATEWAY_PORT > port; while :; do sleep 0.05; done`;
    const run = `${process.execPath} ${program.path} exec --gateway ${gateway.url} -- sh -c "$TOOL"; echo $? > code`;
    writeFileSync(file("run"), `trap '' HUP; TOOL='${tool.replaceAll("'", "'\\''")}'; ${run}`);
    const terminal = onTerminal("sh ./run; :");
    await expect.poll(() => read("port")).toMatch(/\d+\n/);
    terminal.kill("SIGKILL");
    await expect.poll(() => read("code")).toBe("3\n");
    expect(await refusesConnections(read("port").trim())).toBe(true);
  });

  it("leaves control-C to the command", async () => {
    const tool = `let n = 0; process.on("SIGINT", () => n++ || setTimeout(() => process.exit(n), 300)); setInterval(() => {}, 50); require("fs").writeFileSync("ready", "");`;
    writeFileSync(file("tool.cjs"), tool);
    const terminal = onTerminal(
      `exec ${process.execPath} ${program.path} exec --gateway ${gateway.url} -- ${process.execPath} tool.cjs`,
    );
    await expect.poll(() => existsSync(file("ready"))).toBe(true);
    const closed = once(terminal, "close");
    terminal.stdin?.write("\u0003");
    expect(await closed).toEqual([1, null]);
  });
});
