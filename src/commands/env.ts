import type { CommandContext, ENV_FLAGS } from "../cli/command.ts";
import { reachableAt } from "../net/authority.ts";
import { toolVariables, type ToolVariables } from "../openclaw/tool-variables.ts";
import { loadDespiteOpenclaw } from "../settings/load.ts";
import { SettingsError, statement } from "../settings/settings-error.ts";

// OpenClaw's error is "gateway url override requires explicit credentials" (src/gateway/call.ts).
const NO_TOKEN = "note: OPENCLAW_GATEWAY_TOKEN is not set here: export it too, or tools with this URL fail";

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
  else stdout.write(shellLines(variables, needsToken, fromFile));
  return 0;
}

function shellLines(
  { set, portAlone, why, dotenv }: ToolVariables,
  needsToken: boolean,
  tokenFile?: string,
): string {
  const lines = Object.entries(set).map(([name, value]) =>
    value === undefined ? `unset ${name}` : `export ${name}=${value}`,
  );
  const token = `export OPENCLAW_GATEWAY_TOKEN="$(cat ${tokenFile === undefined ? "FILE-WITH-THE-TOKEN" : quoted(tokenFile)})"`;
  const tokenLine = needsToken ? [tokenFile === undefined ? `# ${token}` : token] : [];
  const comment = portAlone
    ? `# The port is enough: ${why}.`
    : `# The port is not enough, and a URL needs the token in the environment: ${why}.`;
  const fromDotenv = (dotenv?.names ?? []).map(
    (name) =>
      `export ${name}="$(${quoted(process.execPath)} --env-file=${quoted(dotenv?.path ?? "")} -p process.env.${name})"`,
  );
  return `${[comment, ...lines, ...fromDotenv, ...tokenLine].join("\n")}\n`;
}

/** Quotes a text for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
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
