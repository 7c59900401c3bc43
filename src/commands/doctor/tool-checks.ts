import { reachableAt } from "../../net/authority.ts";
import { gatewayPortVariable, type Environment } from "../../openclaw/config.ts";
import { toolVariables } from "../../openclaw/tool-variables.ts";
import type { DoctorContext } from "./doctor-context.ts";
import { note, ok, shimCommand, toFix, type Result, type Results } from "./finding.ts";
import { describeAdded, type PathFacts } from "./tool-paths.ts";
import { DEFAULT, proxyVariables, type ToolUrl } from "./tool-urls.ts";

const SET_TOKEN =
  process.platform === "win32"
    ? "$env:OPENCLAW_GATEWAY_TOKEN = (Get-Content -Raw FILE-WITH-THE-TOKEN).Trim()"
    : 'export OPENCLAW_GATEWAY_TOKEN="$(cat FILE-WITH-THE-TOKEN)"';

/** Judges whether the tools of this environment connect to the shim. */
export async function checkTools(context: DoctorContext): Results {
  const { env, tools } = context;
  const { source, shown, leadsTo } = tools;
  const at = `${shown} (${source})`;
  if (leadsTo === "nowhere")
    return toFix(`${at} is not a ws:// or wss:// URL`, `write ${source} as ws://HOST:PORT`);
  const path = (await context.paths()).find(({ url }) => url.href === tools.url.href);
  const envCommand = shimCommand("env", context);
  const fix = `point them at the shim, here or with \`${envCommand} --openclaw-config\``;
  const command = commandFor(tools, context);
  const results: Result[] = [];
  if (leadsTo === "shim") results.push(ok(`they connect to the shim: ${at}`));
  else if (path?.throughShim) results.push(ok(`they connect to the shim, by way of ${at}`));
  else {
    // The gateway's own port is right as long as nothing is added on the path to it.
    const isFine = source === DEFAULT || (leadsTo === "gateway" && /port$/i.test(source));
    results.push((isFine ? note : toFix)(`they connect past the shim: ${at}`, fix, command));
  }
  if (source === "OPENCLAW_GATEWAY_URL" && !hasCredentials(env)) {
    const finding =
      "OPENCLAW_GATEWAY_URL is set without OPENCLAW_GATEWAY_TOKEN: every openclaw command fails, as it takes credentials for that URL from the environment alone";
    results.push(toFix(finding, `run \`${SET_TOKEN}\`, or unset OPENCLAW_GATEWAY_URL`, command));
  }
  const portText = env["OPENCLAW_GATEWAY_PORT"]?.trim() ?? "";
  const port = gatewayPortVariable(env);
  if (portText !== "" && String(port) !== portText) {
    const setting = `OPENCLAW_GATEWAY_PORT=${portText}`;
    const numeric = "set OPENCLAW_GATEWAY_PORT to a number from 1 to 65535, or unset it";
    const ignored = `${setting} names no port: openclaw-shim ignores it, as OpenClaw 2026.9 does; older releases may not`;
    // A number at the start of the text is the port then.
    const read = `${setting} is port ${port}, but not to OpenClaw before 2026.4`;
    results.push(port === undefined ? toFix(ignored, numeric) : note(read, numeric));
  }
  const proxies = proxyVariables(env, tools);
  if (proxies.length > 0) {
    const finding = `${proxies.join(" and ")} is set and NO_PROXY does not name the host of ${shown}: tools that use it connect through that proxy, which may add headers`;
    results.push(note(finding, "exclude loopback: NO_PROXY=127.0.0.1,localhost,::1"));
  }
  return results;
}

/** Returns the command that points tools at the shim; undefined if one alone would not do it on every release. */
function commandFor({ source, url }: ToolUrl, { env, settings: { listen } }: DoctorContext) {
  const { set, portAlone } = toolVariables(listen[0] ?? { host: "", port: 0 }, env);
  const { OPENCLAW_GATEWAY_PORT: port } = set;
  // Tools of a TLS gateway would speak TLS to a port, and 2026.2 does not read a URL.
  if (port === undefined || url.protocol === "wss:") return undefined;
  if (source === "gateway.remote.url") return ["set-remote-url", port] as const;
  if (portAlone && source !== "OPENCLAW_GATEWAY_URL") return ["set-port", port] as const;
  if (hasCredentials(env)) return ["set-url", port] as const;
  return portAlone ? (["unset-url", port] as const) : undefined;
}

function hasCredentials(env: Environment): boolean {
  return Boolean(env["OPENCLAW_GATEWAY_TOKEN"] || env["OPENCLAW_GATEWAY_PASSWORD"]);
}

/** Judges what the paths of the tools add, who adds it, and whether a shim removes it. */
export async function checkPaths(context: DoctorContext): Results {
  const skipped = context.via.flatMap(({ shown, leadsTo }) => {
    if (leadsTo === "elsewhere") return [];
    const where = leadsTo === "gateway" ? "the gateway itself: see direct" : "the shim itself: see shim";
    const finding = `${shown} (--via) is ${where}`;
    return note(finding, "give --via the address that the tools use, if that is another one");
  });
  const isLocal = (await context.gateway()).direct.connected;
  return [...skipped, ...(await context.paths()).map((path) => judge(path, isLocal, context))];
}

function judge(path: PathFacts, isLocal: boolean, { settings, program }: DoctorContext): Result {
  const { source, attempt, throughShim } = path;
  const { adds, by } = describeAdded(path);
  const { connected, outcome, what, fix } = attempt;
  const name = `${path.shown} (${source})`;
  if (throughShim) {
    const effect = adds === "" ? "adds nothing" : `${adds}${by}; the shim removes it`;
    if (connected) return ok(`${name} leads through the shim: local; it ${effect}`);
    return toFix(`${name} leads through the shim, and ${effect}: ${what}`, fix);
  }
  if (attempt.elsewhere)
    return note(`${name} leads to another gateway than ${settings.gateway.url}: ${what}`);
  if (connected && isLocal && adds !== "")
    return note(`${name} leads to the gateway past the shim and ${adds}${by}; local all the same`);
  // A gateway refuses a new device if the path adds anything that matters to it.
  if (connected && isLocal)
    return ok(`${name} is local without a shim: nothing that matters to the gateway is added on it`);
  if (connected)
    return note(`${name} reaches the gateway past the shim; no new device was paired (see direct)`);
  if (outcome === "gateway-unreachable")
    return toFix(
      `${name}: ${what}: nothing responds there`,
      `correct ${source}, or start what listens there`,
    );
  if (attempt.reason === "proxy_attribution_required" || (outcome === "pairing-required" && isLocal)) {
    const seen = adds || "forwarding headers are added, or Host is rewritten";
    const listener = reachableAt(settings.listen[0] ?? { host: "127.0.0.1", port: 18_788 });
    const lead = `let it lead to the shim instead of the gateway: to ${listener}, where \`${program} run\` listens`;
    const isForBrowsers = attempt.reason === "proxy_attribution_required";
    const alone = "; browsers alone get past the 403 with that proxy's address in gateway.trustedProxies";
    const finding = `${name} leads to the gateway past the shim, and ${seen}${by}: ${what}`;
    return toFix(finding, `${lead}${isForBrowsers ? alone : ""}`);
  }
  if (!path.credentialWithheld) return toFix(`${name}: ${what}`, fix);
  const why = "it is neither on this machine, nor a TLS URL that you gave for the token";
  return note(`${name}: ${what}; the token was not sent there: ${why}${by}`);
}
