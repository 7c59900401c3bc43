import { isLoopbackName } from "../gate/host.ts";
import { GatewayAgent } from "../relay/agent.ts";
import { createDialer } from "../relay/dial.ts";
import type { Environment } from "../settings/environment.ts";
import type { Settings } from "../settings/settings.ts";
import { readToken, type Token } from "../settings/token.ts";
import { connectAs, type Target } from "./connect.ts";
import { Deadline } from "./deadline.ts";
import type { Devices } from "./devices.ts";
import type { Facts } from "./facts.ts";
import { findListeningProcess } from "./listening-process.ts";
import { askRuntime, connectNear, reach, type Near } from "./near.ts";
import { readOpenclawFiles } from "./openclaw-files.ts";
import { explorePath, type PathFacts, type PathTools } from "./path.ts";
import { exploreShim } from "./shim.ts";
import { TestDevices } from "./test-devices.ts";
import { proxyVariables, readToolUrl, toolUrl, type ToolUrl } from "./tool-urls.ts";

/** What a run is about. */
export interface GatherRequest {
  readonly settings: Settings;
  readonly env: Environment;
  /** `--via`. */
  readonly via: readonly string[];
  /** Resolves when the user wants an end: what was shown to the gateway is still removed. */
  readonly stopped: Promise<void>;
}

/** With both, a run ends within 15 s whatever does not answer. */
const GATHER_MS = 10_500;
const CLEAR_MS = 3_000;
/** Ways that are looked at; each may take some seconds. */
const WAYS_LIMIT = 4;

/**
 * Gathers what there is to know: reads OpenClaw's files, connects to the gateway, through the shim and along the ways
 * of the tools, and removes the devices that it showed to the gateway. Waits at most 14 s.
 */
export async function gather({ settings, env, via, stopped }: GatherRequest): Promise<Facts> {
  const deadline = new Deadline(GATHER_MS);
  void stopped.then(() => deadline.expire());
  const openclaw = readOpenclawFiles(env);
  const token = readToken(settings.tokenFile, env);
  const tools = toolUrl(settings, env, openclaw.gateway);
  const ways = [...via.map((text) => readToolUrl("--via", text, settings)), tools];
  const devices = new TestDevices();

  const dialer = await createDialer(settings.gateway, () => {});
  // The agent's dialer does the TLS, so the URL is the plain one.
  const gateway = { url: `ws://${settings.gateway.authority}`, ws: { agent: new GatewayAgent(dialer) } };
  const unreachable = await reach(dialer, deadline);
  const near = unreachable ? undefined : await connectNear(gateway, token, devices, deadline);
  try {
    const operator = near?.operator;
    const connectable = near?.plain.connected === true || near?.direct.connected === true;
    const shim = await exploreShim({ settings, token, devices, operator, connectable, deadline });
    const running = shim.state === "running" ? shim.address : undefined;
    const paths = await explorePaths(ways, { token, devices, operator, shim: running, deadline });
    const { host, port } = settings.gateway;
    const listener = isLoopbackName(host) ? findListeningProcess(port) : undefined;
    const runtime = operator && !listener ? await askRuntime(gateway, operator, deadline) : undefined;
    const known = operator?.devices ?? openclaw.devices;
    const facts = {
      settings,
      openclaw,
      token: "why" in token ? { why: token.why } : { from: token.from },
      unreachable,
      plain: near?.plain,
      direct: near?.direct,
      shim,
      tools,
      hasEnvironmentCredentials: Boolean(env["OPENCLAW_GATEWAY_TOKEN"] || env["OPENCLAW_GATEWAY_PASSWORD"]),
      proxyVariables: tools.url ? proxyVariables(env, tools.url) : [],
      paths,
      devices: known && withoutOwn(known, devices),
      listener,
      runtime,
      now: Date.now(),
    };
    await clear(near, devices, gateway, token);
    return { ...facts, left: devices.left };
  } finally {
    await near?.close();
  }
}

async function explorePaths(ways: readonly ToolUrl[], tools: PathTools): Promise<PathFacts[]> {
  const paths: PathFacts[] = [];
  const elsewhere = ways
    .filter(({ leadsTo, source }) => leadsTo === "elsewhere" && source !== "OpenClaw's default")
    .slice(0, WAYS_LIMIT);
  for (const [at, way] of elsewhere.entries()) {
    const again =
      elsewhere.findIndex(({ url, shown }) => url?.href === way.url?.href && shown === way.shown) < at;
    if (!again && !tools.deadline.over) paths.push(await explorePath(way, tools));
  }
  return paths;
}

function withoutOwn({ pending, paired }: Devices, own: TestDevices): Devices {
  return {
    pending: pending.filter(({ deviceId }) => !own.made(deviceId)),
    paired: paired.filter(({ deviceId }) => !own.made(deviceId)),
  };
}

/** Removes what this run made; by a new connection of the paired device where the first one is gone. */
async function clear(
  near: Near | undefined,
  devices: TestDevices,
  gateway: Target,
  token: Token,
): Promise<void> {
  const deadline = new Deadline(CLEAR_MS);
  if (near?.operator) await devices.clear(near.operator, deadline);
  const device = near?.paired;
  if (!device || devices.left.length === 0 || deadline.over) return;
  const secret = "secret" in token ? token.secret : undefined;
  const { session } = await connectAs(gateway, { device, token: secret }, deadline.within(CLEAR_MS));
  if (session) await devices.clear({ session, deviceId: device.id }, deadline);
  await session?.close();
}
