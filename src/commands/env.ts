import type { CommandContext, ENV_FLAGS } from "../cli/command.ts";
import { reachableAt } from "../net/authority.ts";
import { SHELLS, type Shell } from "./env-shells.ts";
import { toolVariables, type ToolVariables } from "../openclaw/tool-variables.ts";
import { loadDespiteOpenclaw } from "../settings/load.ts";
import { SettingsError, statement } from "../settings/settings-error.ts";

// OpenClaw's error is "gateway url override requires explicit credentials" (src/gateway/call.ts).
const NO_TOKEN = "note: OPENCLAW_GATEWAY_TOKEN is not set here: set it too, or tools with this URL fail";

/**
 * Prints what to set so that OpenClaw's tools connect to the first listener: lines for a shell, `--json`, or with
 * `--openclaw-config` a fragment for openclaw.json. Never prints a token, which could end up in a shell's history.
 *
 * @throws SettingsError
 */
export async function env(context: CommandContext<typeof ENV_FLAGS>): Promise<number> {
  const { stdout, complain, flags } = context;
  // Only the listeners matter here, not the gateway.
  const { settings, problem } = await loadDespiteOpenclaw(context);
  if (flags.json && flags.openclawConfig) {
    throw new SettingsError({ setting: "--json, --openclaw-config", problem: "give one of them" });
  }
  const [first] = settings.listen;
  if (first === undefined || first.port === 0) {
    const fix = "give the port that the shim listens on";
    throw new SettingsError({ setting: "--listen", problem: "port 0 is another port at every start", fix });
  }
  if (problem !== undefined) complain(`note: ${statement(problem)}; continuing without it`);
  const variables = toolVariables(first, context.env);
  const isSet = ["TOKEN", "PASSWORD"].some((name) => context.env[`OPENCLAW_GATEWAY_${name}`]);
  const needsToken = !isSet && (flags.openclawConfig || !variables.portAlone);
  // The lines for a shell read it themselves.
  const fromFile = flags.json || flags.openclawConfig ? undefined : settings.tokenFile;
  if (needsToken && fromFile === undefined) complain(NO_TOKEN);
  if (flags.openclawConfig) stdout.write(configFragment(`ws://${reachableAt(first)}`));
  else if (flags.json)
    stdout.write(`${JSON.stringify(variables.set, (_, value: unknown) => value ?? null)}\n`);
  else {
    const shell = SHELLS[flags.shell ?? usualShell(context.env)];
    const readsFiles = variables.dotenv !== undefined || (needsToken && fromFile !== undefined);
    if (readsFiles && shell.readNote !== undefined) complain(shell.readNote);
    stdout.write(shellLines(shell, variables, needsToken, fromFile));
  }
  return 0;
}

function shellLines(
  { comment, set: line, read, readDotenv }: Shell,
  { set, portAlone, why, dotenv }: ToolVariables,
  needsToken: boolean,
  tokenFile?: string,
): string {
  const first = portAlone
    ? `The port is enough: ${why}.`
    : `The port is not enough, and a URL needs the token in the environment: ${why}.`;
  const lines = Object.entries(set).map(([name, value]) => line(name, value));
  const fromDotenv = (dotenv?.names ?? []).map((name) => readDotenv(name, dotenv?.path ?? ""));
  const token = read("OPENCLAW_GATEWAY_TOKEN", tokenFile ?? "FILE-WITH-THE-TOKEN");
  const tokenLine = needsToken ? [tokenFile === undefined ? comment(token) : token] : [];
  return `${[comment(first), ...lines, ...fromDotenv, ...tokenLine].join("\n")}\n`;
}

/** Returns the shell of Windows, but not in Git Bash and MSYS2; elsewhere a POSIX shell. */
function usualShell(variables: NodeJS.ProcessEnv): keyof typeof SHELLS {
  return process.platform === "win32" && !variables["MSYSTEM"] ? "powershell" : "sh";
}

function configFragment(url: string): string {
  return `// Merge into openclaw.json of the tools, not of the gateway: a gateway starts only with mode "local".
{
  gateway: {
    mode: "remote",
    remote: {
      url: "${url}",
      token: "\${OPENCLAW_GATEWAY_TOKEN}",
    },
  },
}
`;
}
