import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { SHELL_COMMANDS } from "../../src/error-table.ts";
import { randomToken, startGateway, type Gateway } from "./gateway.ts";
import { createHome } from "./home.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions, releaseOf } from "./releases.ts";
import { BUNDLE, startShimProcess, type ShimProcess } from "./shim-process.ts";

const token = randomToken();

/** A shell with its own home. */
interface User {
  /** Its `openclaw.json`. */
  readonly config?: object;
  /** Files in its `.openclaw`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

const WITH_TOKEN = { gateway: { mode: "local", auth: { mode: "token", token } } };
const REMOTE = { gateway: { mode: "remote", remote: { url: "ws://127.0.0.1:9", token: "another" } } };
const NAMES_VARIABLE = { gateway: { auth: { mode: "token", token: "${MY_TOKEN}" } } };
const TLS = { gateway: { ...WITH_TOKEN.gateway, tls: { enabled: true } } };
const FROM_FILE = ["--token-file", ".openclaw/token"];

const PORT_ALONE: readonly (readonly [string, User])[] = [
  ["the token as text", { config: WITH_TOKEN }],
  [
    "the token as text, and a URL set",
    { config: WITH_TOKEN, env: { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:9" } },
  ],
  ["the token in a variable", { config: NAMES_VARIABLE, env: { MY_TOKEN: token } }],
  ["the token in .openclaw/.env", { config: NAMES_VARIABLE, files: { ".env": `MY_TOKEN=${token}\n` } }],
  ["the token in the environment", { env: { OPENCLAW_GATEWAY_TOKEN: token } }],
];
const WITH_URL: readonly (readonly [string, User])[] = [
  ["mode remote", { config: REMOTE, env: { OPENCLAW_GATEWAY_TOKEN: token } }],
  ["mode remote, the token in a file", { config: REMOTE, args: FROM_FILE }],
  ["a TLS gateway", { config: TLS, args: FROM_FILE }],
];

describe.each(chosenVersions())("what env prints, with the CLI of openclaw %s", (version) => {
  const { urlFromEnvironment } = releaseOf(version);
  let gateway: Gateway;
  let shim: ShimProcess;
  let outcomes = 0;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version), { token });
    shim = await startShimProcess(gateway.url);
    return async () => {
      await shim.close();
      await gateway.close();
    };
  });

  /** Runs what `env` prints, the CLI, and a command as outcomes print it, in one shell. Returns what was printed, and the outcome at the shim. */
  async function follow({
    config,
    files,
    env,
    args = [],
  }: User): Promise<{ lines: string; outcome: string }> {
    const home = await createHome();
    onTestFinished(() => home.remove());
    const write = (name: string, text: string): Promise<void> =>
      writeFile(join(home.path, ".openclaw", name), text, { mode: 0o600 });
    await mkdir(join(home.path, ".openclaw"));
    await write("token", `${token}\n`);
    // With a config, 2026.4.5 loads all plugins, which uses half a minute of CPU time.
    if (config !== undefined)
      await write("openclaw.json", JSON.stringify({ plugins: { enabled: false }, ...config }));
    for (const [name, text] of Object.entries(files ?? {})) await write(name, text);
    const { node, entry } = gateway.openclaw;
    const shimEnv = [process.execPath, BUNDLE, "env", "--listen", `127.0.0.1:${shim.port}`, ...args].join(
      " ",
    );
    await mkdir(join(home.path, "bin"));
    await writeFile(join(home.path, "bin/openclaw"), `#!/bin/sh\nexec ${node} ${entry} "$@"\n`, {
      mode: 0o755,
    });
    // As the command of an outcome, but one that changes nothing.
    const printed = SHELL_COMMANDS["approve-device"].replace("approve {value}", "list --json >&2");
    const script = [
      `set -eu; PATH="$PWD/bin:$PATH"`,
      `lines=$(${shimEnv}); echo "$lines" >&2; eval "$lines"`,
      `openclaw cron list --json; ${printed}`,
    ].join("\n");
    const options = { cwd: home.path, env: { ...home.env, ...env } };
    const { stdout, stderr } = await promisify(execFile)("sh", ["-c", script], options);
    expect(JSON.parse(stdout)).toMatchObject({ jobs: expect.any(Array) });
    const { outcome } = await shim.outcome(outcomes);
    outcomes += 2;
    expect(await shim.outcome(outcomes - 1)).toMatchObject({ outcome: "connected", client: { id: "cli" } });
    expect(stderr).not.toContain(token);
    return { lines: stderr, outcome };
  }

  it.each(PORT_ALONE)("leads through the shim by the port alone: %s", async (_, user) => {
    const { lines, outcome } = await follow(user);
    expect(outcome).toBe("connected");
    expect(lines).toContain("# The port is enough: ");
    expect(lines).toMatch(/^export OPENCLAW_GATEWAY_PORT=\d+$/m);
    expect(lines).not.toContain("export OPENCLAW_GATEWAY_URL");
  });

  // 2026.2 reads no URL from the environment.
  it.runIf(urlFromEnvironment).each(WITH_URL)("leads through the shim by the URL: %s", async (_, user) => {
    const { lines, outcome } = await follow(user);
    expect(outcome).toBe("connected");
    expect(lines).toContain("# The port is not enough");
    expect(lines).toMatch(/^export OPENCLAW_GATEWAY_URL=/m);
  });
});
