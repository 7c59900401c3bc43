import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startFakeGateway, type FakeGateway } from "../fake-gateway/server.ts";
import { handshake } from "../support/client.ts";
import { bundle, start, type Bundle } from "./bundle.ts";

const CONTROL_C = "\u0003";
const TOKEN = "t";
/** Two columns each, and two characters in one column. */
const NAME = "名前e\u0301";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

interface Terminal {
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  /** Is called with all that was written so far. Returns what to type; it is called no more then. */
  readonly onText?: (text: string) => string | undefined;
}

/** Returns all that a command writes to a terminal of its own (script(1)) until it ends. */
async function onTerminal(
  args: readonly string[],
  { env = {}, columns = 80, onText = () => undefined }: Terminal = {},
): Promise<string> {
  const run = `exec ${process.execPath} ${command.path} ${args.join(" ")}`;
  const child = spawn("script", ["-qefc", `stty cols ${columns}; ${run}`, "/dev/null"], {
    env: {
      HOME: command.folder,
      PATH: "/usr/bin:/bin",
      TERM: "xterm-256color",
      SHELL: "/bin/sh",
      LC_ALL: "C.UTF-8",
      ...env,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  command.running.add(child);
  const closed = once(child, "close");
  let text = "";
  let typed: string | undefined;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    typed ??= onText(text);
    if (typed === undefined || child.stdin.writableEnded) return;
    child.stdin.end(typed);
  });
  await closed;
  command.running.delete(child);
  return text;
}

/** Returns all that `run` writes without a gateway until control-C. */
function runOnTerminal(env: Readonly<Record<string, string>> = {}, ...flags: string[]): Promise<string> {
  return onTerminal(["run", "--listen", "127.0.0.1:0", "--gateway", "ws://127.0.0.1:9", ...flags], {
    env,
    onText: (text) => (text.includes("nothing listens there") ? CONTROL_C : undefined),
  });
}

async function startGateway(): Promise<FakeGateway> {
  const gateway = await startFakeGateway({ release: "2026.4.5", token: TOKEN });
  onTestFinished(() => gateway.close());
  return gateway;
}

/** Returns the rows as they are seen. */
function rowsOf(text: string): readonly string[] {
  return stripVTControlCharacters(text)
    .replaceAll(/\r|\^C/g, "")
    .trimEnd()
    .split("\n");
}

/** Returns the number of columns of a row with no other wide or combining characters than {@link NAME}. */
function columnsOf(row: string): number {
  return row.normalize("NFC").replaceAll(/[名前]/g, "xx").length;
}

/** Returns the rows that do not fit, without the space around them. */
function tooLong(rows: readonly string[], columns: number): readonly string[] {
  return rows.filter((row) => columnsOf(row) > columns).map((row) => row.trim());
}

describe("run on a terminal", () => {
  it("is for people, in color, until control-C", async () => {
    const text = await runOnTerminal();
    expect(text).toContain("  \u001B[1mlistening\u001B[22m             on ws://127.0.0.1:");
    expect(text).toContain(`node ${command.path} doctor --listen 127.0.0.1:`);
    expect(text).toContain("\u001B[33mgateway is not up\u001B[39m");
    expect(text).toMatch(/stopped/);
  });

  it.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("has no colors with %o", async (env) => {
    const text = await runOnTerminal(env);
    expect(text).toMatch(/^\d\d:\d\d:\d\d {2}listening {13}on ws:/);
    expect(text.replaceAll("^C", "")).not.toContain("\u001B");
  });

  it("is JSON with --log-format json", async () => {
    expect(await runOnTerminal({}, "--log-format", "json")).toMatch(
      /^\{"level":"info",.*"event":"listening"/,
    );
  });

  it.each([40, 80, 200])("wraps its rows at %i columns, but no word and no command", async (columns) => {
    const gateway = await startGateway();
    let connecting: Promise<unknown> | undefined;
    const text = await onTerminal(["run", "--listen", "127.0.0.1:0", "--gateway", gateway.url], {
      columns,
      onText: (so) => {
        const [, url] =
          /on (ws:\/\/127\.0\.0\.1:\d+)/.exec(stripVTControlCharacters(so).replaceAll(/\s+/g, " ")) ?? [];
        if (url !== undefined)
          connecting ??= handshake({
            url,
            token: "wrong",
            client: { version: NAME.repeat(4), platform: NAME },
          });
        return /unauthorized[^]*fix[^]*not the\s+gateway's\r?\n/.test(so) ? CONTROL_C : undefined;
      },
    });
    await connecting;
    const rows = rowsOf(text);
    const next = rows.findIndex((row) => row.includes("try next:"));
    const commands = rows
      .slice(next, next + 2)
      .join(" ")
      .trim();
    expect(commands).toMatch(/^try next: +node \S+ doctor --listen 127\.0\.0\.1:\d+ --gateway ws:/);
    expect(tooLong(rows, columns).filter((row) => !/^(?:node|eval) /.test(row))).toEqual([]);
    expect(Math.max(...rows.map(columnsOf))).toBeGreaterThan(0.75 * columns);
    const fix = "fix: compare OPENCLAW_GATEWAY_TOKEN and gateway.remote.token with gateway.auth.token in";
    expect(rows.join(" ").replaceAll(/\s+/g, " ")).toContain(fix);
  });
});

describe("doctor on a terminal", () => {
  /** Tools that connect past the shim to another port, and a state directory with a wide name. */
  async function doctor(columns: number, ...flags: string[]): Promise<readonly string[]> {
    const gateway = await startGateway();
    const folder = join(command.folder, NAME);
    mkdirSync(folder, { recursive: true });
    const config = { gateway: { port: gateway.port, auth: { mode: "token", token: TOKEN } } };
    writeFileSync(join(folder, "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
    const env = {
      OPENCLAW_STATE_DIR: folder,
      OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:9",
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
      FORCE_COLOR: "",
    };
    return onTerminal(["doctor", "--listen", "127.0.0.1:1", ...flags], { columns, env }).then(rowsOf);
  }

  it.each([40, 80, 200])("fits into %i columns, and ends with what to do, numbered", async (columns) => {
    const rows = await doctor(columns);
    const isCommand = /^`?(?:node |export )/;
    expect(tooLong(rows, columns).filter((row) => !isCommand.test(row) && row.includes(" "))).toEqual([]);
    const text = rows.join("\n");
    const steps = text.slice(text.search(/^1\. /m));
    expect(steps).toMatch(
      /^1\. tools: point them at[^]*\n(?: {3})?export OPENCLAW_GATEWAY_URL=\S+ OPENCLAW_GATEWAY_PORT=1\n2\. path: /,
    );
    expect(text.replaceAll(/\s+/g, " ")).toMatch(
      /fine( ok)? .*files, gateway, token,.* \(--all shows more\)/,
    );
    expect(text).not.toContain(NAME);
  });

  it("has what is fine with --all", async () => {
    const rows = await doctor(80, "--all");
    expect(rows.join("\n")).toMatch(new RegExp(`^files +ok +\\S+/${NAME}/openclaw\\.json`));
    expect(rows.join("\n")).not.toContain("--all");
  });
});

describe("not on a terminal", () => {
  it.each([
    [{}, false],
    [{ FORCE_COLOR: "1" }, true],
    [{ FORCE_COLOR: "0" }, false],
  ])("has no wrapped rows, and colors only with FORCE_COLOR: %o", async (env, colored) => {
    const running = start(
      command,
      ["doctor", "--listen", "127.0.0.1:1", "--gateway", "ws://127.0.0.1:9"],
      env,
    );
    expect(await running.exit).toBe(1);
    const text = running.stdout.join("\n");
    expect(text.includes("\u001B[31mFIX\u001B[39m")).toBe(colored);
    expect(text.includes("\u001B")).toBe(colored);
    const steps = running.stdout.slice(running.stdout.findIndex((row) => row.endsWith("to fix:")) + 1);
    expect(steps.every((row) => /^\d\. /.test(row))).toBe(true);
  });
});
