import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, type Bundle } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

/** All that `run` writes to a terminal of its own (script(1)) from its start until it is stopped. */
async function onTerminal(env: Readonly<Record<string, string>> = {}, ...flags: string[]): Promise<string> {
  const args = ["run", "--listen", "127.0.0.1:0", "--gateway", "ws://127.0.0.1:9", ...flags].join(" ");
  const run = `exec ${process.execPath} ${command.path} ${args}`;
  const child = spawn("script", ["-qefc", `stty cols 80; ${run}`, "/dev/null"], {
    env: { HOME: command.folder, PATH: "/usr/bin:/bin", TERM: "xterm-256color", SHELL: "/bin/sh", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  command.running.add(child);
  const closed = once(child, "close");
  let text = "";
  let asked = false;
  child.stdout.on("data", (chunk) => {
    text += String(chunk);
    if (asked || !text.includes("gateway is not up")) return;
    asked = true;
    // Control-C, as a user would.
    child.stdin.write("\u0003");
  });
  await closed;
  command.running.delete(child);
  return text;
}

describe("run on a terminal", () => {
  it("is for people, in color, until control-C", async () => {
    const text = await onTerminal();
    expect(text).toContain("  \u001B[1mlistening\u001B[22m             on ws://127.0.0.1:");
    expect(text).toContain(`node ${command.path} doctor --listen 127.0.0.1:`);
    expect(text).toContain("\u001B[33mgateway is not up\u001B[39m");
    expect(text).toMatch(/stopped/);
  });

  it.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("has no colors with %o", async (env) => {
    const text = await onTerminal(env);
    expect(text).toMatch(/^\d\d:\d\d:\d\d {2}listening {13}on ws:/);
    expect(text.replaceAll("^C", "")).not.toContain("\u001B");
  });

  it("is JSON with --log-format json", async () => {
    expect(await onTerminal({}, "--log-format", "json")).toMatch(/^\{"level":"info",.*"event":"listening"/);
  });
});
