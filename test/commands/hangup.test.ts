import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, type Bundle } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

const RUN = "run --listen 127.0.0.1:0 --gateway ws://127.0.0.1:9 --log-format json";

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/**
 * Runs a shell command on a terminal of its own (script(1)); `$SHIM` is the command. Closes the terminal when `isReady`:
 * the shell ends, and with it the kernel sends SIGHUP to the command.
 */
async function closeTerminal(line: string, isReady: () => boolean): Promise<void> {
  const terminal = spawn("script", ["-qefc", `${line}; :`, "/dev/null"], {
    cwd: command.folder,
    env: {
      HOME: command.folder,
      PATH: "/usr/bin:/bin",
      SHELL: "/bin/sh",
      SHIM: `${process.execPath} ${command.path}`,
    },
    stdio: ["pipe", "ignore", "inherit"],
  });
  command.running.add(terminal);
  const closed = once(terminal, "close");
  await expect.poll(isReady).toBe(true);
  terminal.kill("SIGKILL");
  await closed;
  command.running.delete(terminal);
}

describe("SIGHUP", () => {
  it.each([
    ["its output on the terminal", "", "listening"],
    ["its output in a file", "> out.log 2>&1", "stopped"],
    ["nothing of it on the terminal", "> out.log 2>&1 < /dev/null", "stopped"],
  ])("ends run as SIGTERM does when its terminal is closed, %s", async (name, redirection, logged) => {
    const id = name.replaceAll(" ", "-");
    const [out, code] = [join(command.folder, `${id}.log`), join(command.folder, `${id}.code`)];
    // The terminal's own output cannot be read after its end.
    const to = redirection === "" ? `| tee ${out}` : redirection.replace("out.log", out);
    const run = `sh -c 'trap "" HUP; $SHIM ${RUN}; echo $? > ${code}' ${to}`;
    await closeTerminal(run, () => read(out).includes('"event":"gateway.down"'));
    await expect.poll(() => read(code)).toBe("0\n");
    expect(read(out)).toContain(`"event":"${logged}"`);
  });

  it("is ignored under nohup, with a log line", async () => {
    const [out, pid] = [join(command.folder, "nohup.log"), join(command.folder, "nohup.pid")];
    const run = `sh -c 'echo $$ > ${pid}; exec nohup $SHIM ${RUN} > ${out} 2>&1'`;
    await closeTerminal(run, () => read(out).includes('"event":"gateway.down"'));
    await expect.poll(() => read(out)).toContain('"event":"hangup.ignored"');
    process.kill(Number(read(pid)), "SIGTERM");
    await expect.poll(() => read(out)).toContain('"event":"stopped"');
  });

  it("is ignored by a service, which has no terminal, with a log line", async () => {
    const shim = spawn(process.execPath, [command.path, ...RUN.split(" ")], {
      // In a session of its own, as a service.
      detached: true,
      env: { HOME: command.folder },
      stdio: ["ignore", "pipe", "inherit"],
    });
    command.running.add(shim);
    const closed = once(shim, "close");
    const events: string[] = [];
    createInterface({ input: shim.stdout }).on("line", (line) => {
      const event = /"event":"([^"]+)"/.exec(line)?.[1] ?? line;
      events.push(event);
      if (event === "gateway.down") shim.kill("SIGHUP");
      if (event === "hangup.ignored") shim.kill("SIGTERM");
    });
    expect(await closed).toEqual([0, null]);
    command.running.delete(shim);
    expect(events).toEqual(["listening", "gateway.down", "hangup.ignored", "draining", "stopped"]);
  });
});
