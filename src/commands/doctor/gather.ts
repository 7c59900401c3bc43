import { isShim } from "../../status/shim-client.ts";
import { isLoopbackName } from "../../net/authority.ts";
import { GatewayAgent } from "../../upstream/gateway-agent.ts";
import { createDialer } from "../../upstream/dial.ts";
import type { Environment } from "../../openclaw/config.ts";
import { section } from "../../openclaw/config.ts";
import type { Settings } from "../../settings/settings.ts";
import { connectAs, type Target } from "./connect.ts";
import { readCredential, type Credential } from "./credential.ts";
import { Deadline, type Limits } from "./deadline.ts";
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
  /** How the user called this program, for commands to copy. */
  readonly program: string;
  readonly settings: Settings;
  readonly env: Environment;
  /** `--via`. */
  readonly via: readonly string[];
  /** Resolves when the user wants an end: what was shown to the gateway is still removed. */
  readonly stopped: Promise<void>;
  readonly limits: Limits;
}

/** Ways that are looked at; each may take some seconds. */
const WAYS_LIMIT = 4;

/**
 * Gathers what there is to know: reads OpenClaw's files, connects to the gateway, through the shim and along the ways
 * of the tools, and removes the devices that it showed to the gateway.
 */
export async function gather(request: GatherRequest): Promise<Facts> {
  const { program, settings, env, via, stopped, limits } = request;
  const deadline = new Deadline("gather", limits);
  void stopped.then(() => deadline.expire());
  const openclaw = readOpenclawFiles(env);
  const credential = readCredential(settings.tokenFile, env, section(openclaw.gateway, "auth")["mode"]);
  const tools = toolUrl(settings, env, openclaw.gateway);
  const asked = via.map((text) => readToolUrl("--via", text, settings));
  const devices = new TestDevices();

  const dialer = await createDialer(settings.gateway, () => {});
  // The agent's dialer does the TLS, so the URL is the plain one.
  const gateway = { url: `ws://${settings.gateway.authority}`, ws: { agent: new GatewayAgent(dialer) } };
  const unreachable = await reach(dialer, deadline);
  const gatewayIsShim = !unreachable && (await isShimThere(settings.gateway, deadline));
  const near =
    unreachable || gatewayIsShim ? undefined : await connectNear(gateway, credential, devices, deadline);
  try {
    const operator = near?.operator;
    const connectable = near?.plain.connected === true || near?.direct?.connected === true;
    const shim = await exploreShim({ settings, credential, devices, operator, connectable, deadline });
    const running = shim.state === "running" ? shim.address : undefined;
    const paths = await explorePaths([...asked, tools], {
      credential,
      devices,
      operator,
      shim: running,
      deadline,
    });
    const { host, port } = settings.gateway;
    const listener = isLoopbackName(host) ? findListeningProcess(port) : undefined;
    const runtime = operator && !listener ? await askRuntime(gateway, operator, deadline) : undefined;
    const known = operator?.devices ?? openclaw.devices;
    const facts = {
      program,
      settings,
      openclaw,
      credential: withoutSecret(credential),
      unreachable,
      gatewayIsShim,
      plain: near?.plain,
      direct: near?.direct,
      shim,
      tools,
      hasEnvironmentCredentials: Boolean(env["OPENCLAW_GATEWAY_TOKEN"] || env["OPENCLAW_GATEWAY_PASSWORD"]),
      proxyVariables: tools.url ? proxyVariables(env, tools.url) : [],
      noWays: asked.filter(({ leadsTo }) => leadsTo !== "elsewhere"),
      paths,
      devices: known && withoutOwn(known, devices),
      listener,
      runtime,
      now: Date.now(),
    };
    await clear(near, devices, gateway, credential, new Deadline("clear", limits));
    return { ...facts, left: devices.left };
  } finally {
    await near?.close();
  }
}

/** In front of a gateway that was moved, a shim has the gateway's old address. A shim itself does no TLS. */
function isShimThere({ tls, authority }: Settings["gateway"], deadline: Deadline): Promise<boolean> {
  return tls ? Promise.resolve(false) : isShim(authority, deadline.for("question"));
}

async function explorePaths(ways: readonly ToolUrl[], tools: PathTools): Promise<PathFacts[]> {
  const paths: PathFacts[] = [];
  const seen = new Set<string>();
  for (const way of ways) {
    const url = way.url?.href ?? way.shown;
    if (way.leadsTo !== "elsewhere" || way.source === "OpenClaw's default" || seen.has(url)) continue;
    if (seen.size === WAYS_LIMIT || tools.deadline.over) break;
    seen.add(url);
    paths.push(await explorePath(way, tools));
  }
  return paths;
}

/** All of a credential but the secret. */
function withoutSecret(credential: Credential): Facts["credential"] {
  if ("why" in credential) return credential;
  const { from, warning } = credential;
  return { from, ...(warning === undefined ? {} : { warning }) };
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
  credential: Credential,
  deadline: Deadline,
): Promise<void> {
  if (near?.operator) await devices.clear(near.operator, deadline);
  const device = near?.paired;
  if (!device || deadline.over || !devices.left.some(({ deviceId }) => deviceId === device.id)) return;
  const { session } = await connectAs(gateway, { device, credential }, deadline);
  if (session) await devices.clear({ session, deviceId: device.id }, deadline);
  await session?.close();
}
