import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { COMMANDS } from "../../src/commands/command-table.ts";
import { printCompletion } from "../../src/commands/completion.ts";

const folder = mkdtempSync(join(tmpdir(), "shim-completion-"));
mkdirSync(join(folder, "image"));
writeFileSync(join(folder, "settings.json5"), "{}");
mkdirSync(join(folder, "bin"));
writeFileSync(join(folder, "bin/tool-of-the-test"), "", { mode: 0o755 });
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `openclaw-shim completion ARG…` and returns what it prints. */
async function printed(...args: readonly string[]): Promise<string> {
  let text = "";
  const stdout = { write: (chunk: string) => (text += chunk) };
  const context = {
    env: {},
    program: "",
    stdout,
    complain: () => {},
    stopped: () => new Promise<never>(() => {}),
  };
  expect(await printCompletion(COMMANDS)(args, context as never)).toBe(0);
  return text;
}

/** How to start a shell without the user's files, and what it needs first. The function prints its arguments. */
const SHELLS = {
  bash: {
    command: "bash --norc --noprofile -i",
    before: "PS1='READY> '; openclaw-shim() { printf 'ARGS'; printf '<%s>' \"$@\"; echo END; }",
  },
  zsh: {
    command: "zsh -f -i",
    before:
      "PROMPT='READY> '; autoload -U compinit; compinit -u -D; openclaw-shim() { printf 'ARGS'; printf '<%s>' \"$@\"; echo END; }",
  },
  fish: {
    command: "fish --no-config -i",
    before:
      "function fish_prompt; echo 'READY> '; end; function openclaw-shim; printf 'ARGS'; printf '<%s>' $argv; echo END; end",
  },
} as const;

/** The keys of a user at a terminal, and the arguments that the command then gets. */
const TYPED: readonly (readonly [string, RegExp])[] = [
  ["doc\t--js\t", /^<doctor><--json>$/],
  ["--forw\tpri\t", /^<--forwarded(?:=|><)private>$/],
  ["run --log-level=de\t", /^<run><--log-level=debug>$/],
  ["--approve-s\toperator.w\t", /^<--approve-scopes(?:=|><)operator\.write>$/],
  ["run --config set\t", /^<run><--config><settings\.json5>$/],
  ["install --root ima\t", /^<install><--root><image\/?>$/],
  ["completion fi\t", /^<completion><fish>$/],
  [
    "exec --for\tpri\t-- tool-of-th\tset\t",
    /^<exec><--forwarded(?:=|><)private><--><tool-of-the-test><settings\.json5>$/,
  ],
  // Neither files nor flags that the command does not take.
  ["run --listen set\t", /^<run><--listen><set>$/],
  ["status --forw\t", /^<status><--forw>$/],
  ["sett\t", /^<sett>$/],
];

/** Types the keys in an interactive shell on a terminal of its own (script(1)). Returns the arguments of each command. */
async function typed(shell: keyof typeof SHELLS, keys: readonly string[]): Promise<string[]> {
  const { command, before } = SHELLS[shell];
  writeFileSync(join(folder, `start.${shell}`), `${before}\n${await printed(shell)}`);
  const child = spawn("script", ["-qefc", `stty cols 200; exec ${command}`, "/dev/null"], {
    cwd: folder,
    env: {
      HOME: folder,
      PATH: `${folder}/bin:/usr/bin:/bin`,
      TERM: "xterm",
      SHELL: "/bin/sh",
      INPUTRC: "/dev/null",
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const results: string[] = [];
  let text = "";
  const next = (): void => void child.stdin.write(`openclaw-shim ${keys[results.length]}\r`);
  child.stdin.write(`. ./start.${shell}; echo STARTED | tr S s\r`);
  for await (const chunk of child.stdout) {
    text += String(chunk);
    const [, args] = /(?:sTARTED|ARGS(.*?)END).*READY/s.exec(text) ?? [];
    if (!/(?:sTARTED|END).*READY/s.test(text)) continue;
    text = "";
    if (args !== undefined) results.push(args);
    if (results.length === keys.length) break;
    next();
  }
  return results;
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ["--version"]).status === 0;
}

describe.each(["bash", "zsh", "fish"] as const)("completion %s", (shell) => {
  // CI installs all of them.
  it.runIf(isInstalled(shell) || process.env["CI"] !== undefined)(
    "completes commands, flags, values and paths at a terminal",
    async () => {
      const args = await typed(
        shell,
        TYPED.map(([keys]) => keys),
      );
      for (const [at, [keys, expected]] of TYPED.entries()) expect(args[at], keys).toMatch(expected);
    },
  );

  it("has every command", async () => {
    const script = await printed(shell);
    for (const { name } of COMMANDS) expect(script).toContain(name);
  });
});

describe("completion", () => {
  it.each([[[]], [["tcsh"]], [["bash", "zsh"]], [["--json"]]])("refuses %j", async (args) => {
    await expect(printed(...args)).rejects.toThrow(/^completion.*: give one of bash, zsh, fish$/);
  });
});
