import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { freePort, rawClient, startRawServer, SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import { installedShim } from "./shim.ts";
import { runOnWindows, startOnWindows, testFolder, windowsPath, type WindowsProgram } from "./wine.ts";

// Wine's schtasks registers and removes tasks; its /run and /end do nothing, and its /query finds every task. So the
// tests start the launcher, with Wine's wscript.exe, which knows no //E, and no WScript.Sleep.

const TASKS = resolve(".wine/prefix/drive_c/windows/system32/tasks");
const WSCRIPT = "C:\\windows\\system32\\wscript.exe";
const SECONDS = 60_000;

/** A user whose names need quotes, are not ASCII, and are not in every code page. */
function newUser() {
  const folder = testFolder();
  const name = `Jörg & Zoë ${folder.slice(-12, -10)}`;
  const local = join(folder, "AppData", "Local");
  const own = join(local, "openclaw-shim");
  const options = { folder, env: { LOCALAPPDATA: windowsPath(local), USERNAME: name, USERDOMAIN: "WERK" } };
  const shim = installedShim(folder);
  return {
    own,
    task: `openclaw-shim-WERK-${name}`,
    log: (): string => readFileSync(join(own, "openclaw-shim.log"), "utf8"),
    start: (...args: readonly string[]): WindowsProgram => startOnWindows([shim, ...args], options),
    run: (...args: readonly string[]) => runOnWindows([shim, ...args], options),
    logon: (): WindowsProgram => {
      const args = ["//B", "//NoLogo", windowsPath(join(own, "launcher.js"))];
      return startOnWindows(args, { ...options, command: WSCRIPT });
    },
  };
}

function elementOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]+)<`).exec(xml)?.[1];
}

/** Installs, and runs the task when schtasks would have. */
async function installed(user: ReturnType<typeof newUser>, ...args: readonly string[]) {
  const installing = user.start("install", ...args);
  await installing.line(/^ran .*schtasks\.exe \/run/);
  const launcher = user.logon();
  const code = await installing.exit;
  expect([code, installing.stderr()]).toEqual([0, []]);
  return { launcher, stdout: installing.stdout() };
}

it(
  "registers the task, runs its launcher, and removes both",
  async () => {
    const user = newUser();
    const port = await freePort();
    const dry = await user.run("install", "--dry-run", "--listen", `${port}`);
    expect(dry.stdout.join("\n")).toMatch(/shell\.Run\([^]*<ExecutionTimeLimit>PT0S<[^]*schtasks\.exe \/run/);
    expect(existsSync(user.own)).toBe(false);
    mkdirSync(user.own, { recursive: true });
    writeFileSync(join(user.own, "openclaw-shim.log"), "x".repeat(4 * 1024 * 1024));
    const { launcher, stdout } = await installed(user, "--listen", `${port}`);
    expect(stdout.at(-1)).toContain(`openclaw-shim responds at 127.0.0.1:${port}`);
    // The full log is now in a file of its own.
    expect(user.log()).toMatch(/^\{.*"event":"listening"/);
    expect(statSync(join(user.own, "openclaw-shim.log.1")).size).toBe(4 * 1024 * 1024);
    const task = readFileSync(join(TASKS, user.task), "utf8");
    const wanted = readFileSync(join(user.own, "task.xml"), "utf16le");
    // Wine keeps these, but neither triggers nor actions.
    for (const setting of ["MultipleInstancesPolicy", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries"])
      expect(elementOf(task, setting)).toBe(elementOf(wanted, setting));
    expect(elementOf(task, "ExecutionTimeLimit")).toBe("PT0S");
    expect(elementOf(task, "Priority")).toBe("5");
    const { stdout: status } = await user.run("status", "--json");
    expect(JSON.parse(status.join(""))).toMatchObject({ name: user.task, installed: true, running: true });
    expect(await user.run("uninstall")).toMatchObject({ code: 0, stderr: [] });
    expect(await launcher.exit).toBe(0);
    expect(existsSync(user.own)).toBe(false);
    expect(readdirSync(TASKS)).not.toContain(user.task);
    expect((await user.run("status")).stdout[0]).toContain("not installed");
  },
  3 * SECONDS,
);

it(
  "drains for a reinstall: an open connection may finish",
  async () => {
    const user = newUser();
    const gateway = await startRawServer((socket) => {
      socket.once("data", () => {
        socket.write(SWITCHING_PROTOCOLS);
        socket.pipe(socket);
      });
    });
    onTestFinished(() => gateway.close());
    const port = await freePort();
    const flags = ["--listen", `${port}`, "--gateway", `ws://127.0.0.1:${gateway.port}`, "--drain", "1m"];
    const { launcher } = await installed(user, ...flags);
    const client = rawClient(port, upgradeRequest());
    onTestFinished(() => void client.socket.destroy());
    await client.until((text) => text.includes("\r\n\r\n"));
    const again = user.start("install", "--hold", "5s");
    await vi.waitFor(() => expect(user.log()).toContain('"event":"draining"'), SECONDS);
    client.socket.write("still echoed");
    await client.until((text) => text.endsWith("still echoed"));
    client.socket.end();
    await again.line(/^stopped openclaw-shim, which drained/);
    expect(await launcher.exit).toBe(0);
    await again.line(/^ran .*schtasks\.exe \/run/);
    const second = user.logon();
    expect(await again.exit).toBe(0);
    await user.run("uninstall");
    expect(await second.exit).toBe(0);
  },
  3 * SECONDS,
);

it(
  "is restarted after a crash",
  async () => {
    const user = newUser();
    const installing = user.start("install", "--listen", `${await freePort()}`);
    await installing.line(/^ran .*schtasks\.exe \/run/);
    const path = join(user.own, "launcher.js");
    writeFileSync(path, readFileSync(path, "latin1").replace(/ *WScript\.Sleep.*\n/, ""));
    const launcher = user.logon();
    expect(await installing.exit).toBe(0);
    const pid = async (): Promise<number> =>
      (JSON.parse((await user.run("status", "--json")).stdout.join("")) as { pid: number }).pid;
    const first = await pid();
    // As taskkill /f does on Windows; Wine's gives the exit code 0.
    await runOnWindows(["-e", `process.kill(${first}, "SIGKILL")`]);
    await vi.waitFor(() => expect(user.log().match(/"event":"listening"/g)).toHaveLength(2), SECONDS);
    expect(await pid()).not.toBe(first);
    await user.run("uninstall");
    expect(await launcher.exit).toBe(0);
  },
  3 * SECONDS,
);
