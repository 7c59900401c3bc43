import type { CommandContext, ENV_FLAGS } from "../cli/command.ts";
import { reachableAt } from "../net/authority.ts";
import { loadDespiteOpenclaw } from "../settings/load.ts";
import { SettingsError, statement } from "../settings/settings-error.ts";

// OpenClaw's error is "gateway url override requires explicit credentials" (src/gateway/call.ts).
const NO_TOKEN =
  "note: OPENCLAW_GATEWAY_TOKEN is not set here: export it too, or every openclaw command fails with this setting";

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
  const url = `ws://${reachableAt(first)}`;
  if (problem !== undefined) complain(`note: ${statement(problem)}; continuing without it`);
  if (!context.env["OPENCLAW_GATEWAY_TOKEN"] && !context.env["OPENCLAW_GATEWAY_PASSWORD"]) complain(NO_TOKEN);
  if (flags.json) stdout.write(`${JSON.stringify({ OPENCLAW_GATEWAY_URL: url })}\n`);
  else stdout.write(flags.openclawConfig ? configFragment(url) : shellLines(url));
  return 0;
}

// OpenClaw takes no credentials from its config for a URL from the environment (docs/gateway/remote.md). Every release
// takes the port from the environment, but the address only since 2026.3.
function shellLines(url: string): string {
  const [, port] = /^ws:\/\/127\.0\.0\.1:(\d+)$/.exec(url) ?? [];
  const older = `# OpenClaw 2026.2 does not know that URL; it takes the port, on 127.0.0.1:
#   export OPENCLAW_GATEWAY_PORT=${port}
`;
  return `# The tools also need the gateway's token, from the environment alone (or OPENCLAW_GATEWAY_PASSWORD):
#   export OPENCLAW_GATEWAY_TOKEN="$(cat FILE-WITH-THE-TOKEN)"
export OPENCLAW_GATEWAY_URL=${url}
${port === undefined ? "" : older}`;
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
