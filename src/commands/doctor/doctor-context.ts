import type { ConnectFailure } from "../../errors.ts";
import { isLoopbackName } from "../../net/authority.ts";
import { section, type Environment } from "../../openclaw/config.ts";
import type { Settings } from "../../settings/settings.ts";
import { isShim } from "../../status/shim-client.ts";
import { createDialer, GatewayAgent, type Dialer } from "../../upstream/dial.ts";
import { Deadline, type Limits } from "./deadline.ts";
import type { DeviceLists } from "./device-lists.ts";
import { findShim } from "./found-shim.ts";
import {
  connectAs,
  uniqueMark,
  type Attempt,
  type Connected,
  type Hello,
  type Target,
} from "./gateway-client.ts";
import { readCredential } from "./gateway-credential.ts";
import { findInLog } from "./gateway-log.ts";
import { findListeningProcess, type ListeningProcess } from "./listening-process.ts";
import { readOpenclawFiles } from "./openclaw-files.ts";
import { TestDevices } from "./test-devices.ts";
import { explorePath, type PathFacts } from "./tool-paths.ts";
import { DEFAULT, toolUrl, type ToolUrl } from "./tool-urls.ts";

/** What a run is about. */
export interface DoctorRequest {
  /** How the user called this program, for commands to copy. */
  readonly program: string;
  readonly settings: Settings;
  /** What is wrong with OpenClaw's config, if the settings were loaded without it. */
  readonly configProblem?: string | undefined;
  readonly env: Environment;
  /** `--via`. */
  readonly via: readonly ToolUrl[];
}

/** What the checks share. Connections are made at the first call of a function, once. */
export type DoctorContext = Omit<ReturnType<typeof openContext>, "close">;

/** The server at the gateway's address, and the results of connecting straight to it. */
export interface GatewayFacts {
  readonly listener?: ListeningProcess | undefined;
  readonly unreachable?: ConnectFailure;
  /** It is an openclaw-shim: nothing was sent through it. */
  readonly isShim?: boolean;
  /** With the credential and no device, which leaves no trace on any release. */
  readonly plain?: Attempt;
  /** With a new device, as a tool's first connection. */
  readonly direct?: Attempt;
  /** Of whichever attempt connected. */
  readonly hello?: Hello | undefined;
  /** Pending and paired devices without this run's: from the gateway, else from OpenClaw's files. */
  readonly devices?: DeviceLists | undefined;
}

/** Each may take seconds. */
const PATH_LIMIT = 4;

/**
 * Opens the context of a run. Closing it removes the test devices.
 *
 * @param stopped resolves when the user ends the run: then nothing more is gathered
 */
export function openContext(request: DoctorRequest, stopped: Promise<void>, limits: Limits) {
  const { settings, env, via } = request;
  const deadline = new Deadline(limits);
  void stopped.then(() => deadline.expire());
  const openclaw = readOpenclawFiles(env);
  const credential = readCredential(settings.tokenFile, env, section(openclaw.gateway, "auth")["mode"]);
  /** Where the tools of this environment connect. */
  const tools = toolUrl(settings, env, openclaw.gateway);
  const devices = new TestDevices(deadline);
  const straight: Connected[] = [];
  // The agent's dialer does the TLS, so the URL is the plain one.
  const url = `ws://${settings.gateway.authority}`;
  const dialer = once(() => createDialer(settings.gateway, () => {}));
  const target = once(async (): Promise<Target> => ({
    url,
    ws: { agent: new GatewayAgent(await dialer()) },
  }));

  /** Connects straight to the gateway. */
  const gateway = once(async (): Promise<GatewayFacts> => {
    const { host, port, tls, authority } = settings.gateway;
    const listener = isLoopbackName(host) ? findListeningProcess(port) : undefined;
    const found = { listener, devices: openclaw.devices };
    const unreachable = await reach(await dialer(), deadline);
    if (unreachable) return { ...found, unreachable };
    // The shim itself does no TLS.
    if (!tls && (await isShim(authority, deadline.for("request")))) return { ...found, isShim: true };
    const plain = await connectAs(await target(), { credential }, deadline);
    straight.push(plain);
    const { attempt } = plain;
    if (!attempt.connected && attempt.verdict.outcome !== "device-required") {
      // A device would not change any other refusal.
      return { ...found, plain: attempt, direct: attempt };
    }
    if (deadline.over) return { ...found, plain: attempt, hello: helloOf(plain) };
    const direct = await devices.connect(await target(), { credential });
    straight.unshift(direct);
    const lists = await devices.chooseOperator(straight);
    return {
      ...found,
      plain: attempt,
      direct: direct.attempt,
      hello: helloOf(direct) ?? helloOf(plain),
      ...(lists && { devices: lists }),
    };
  });

  const connectThrough = (shimTarget: Target) => devices.connectPath(shimTarget, { credential });

  /** Connects through the shim. */
  const shim = once(async () => {
    const { plain, direct } = await gateway();
    const isConnectable = plain?.connected === true || direct?.connected === true;
    return findShim(settings, isConnectable ? connectThrough : undefined, deadline);
  });

  /** Connects along the paths of `--via` and of the tools that lead neither straight to the shim nor to the gateway. */
  const paths = once(async (): Promise<readonly PathFacts[]> => {
    const { running } = await shim();
    const found = new Map<string, PathFacts>();
    for (const path of [...via, tools]) {
      const key = path.url?.href ?? path.shown;
      if (path.leadsTo !== "elsewhere" || path.source === DEFAULT || found.has(key)) continue;
      if (found.size === PATH_LIMIT || deadline.over) break;
      found.set(key, await explorePath(path, credential, devices, running?.address, deadline));
    }
    return [...found.values()];
  });

  /** Returns the gateway's runtime, as its log names it. */
  const runtime = once(async () => {
    await gateway();
    if (!devices.operator || deadline.over) return undefined;
    // Refused without a credential, the connection leaves nothing but a line of the log.
    const mark = uniqueMark();
    const { attempt, session } = await connectAs(await target(), { mark }, deadline);
    await session?.close();
    if (attempt.connected) return undefined;
    return (await findInLog(devices.operator.session, mark, deadline))?.runtime;
  });

  /** Removes the test devices; returns those that could not be removed. To be called last. */
  const leftovers = once(async () => {
    deadline.start("clear");
    await devices.clear();
    const own = devices.operator?.device;
    if (own && devices.leftovers.some(({ deviceId }) => deviceId === own.id) && !deadline.over) {
      // The operator's connection may be lost: its device is paired and can connect again.
      const again = await connectAs(await target(), { device: own, credential }, deadline);
      straight.push(again);
      if (again.session) {
        devices.operator = { session: again.session, device: own };
        await devices.clear();
      }
    }
    return devices.leftovers;
  });

  const close = async (): Promise<void> => {
    await leftovers();
    await Promise.all(straight.map(async ({ session }) => session?.close()));
  };

  return { ...request, openclaw, credential, tools, gateway, runtime, shim, paths, leftovers, close };
}

/** Returns a function that calls another one at most once. */
function once<T>(run: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= run());
}

function helloOf({ attempt }: Connected): Hello | undefined {
  return attempt.connected ? attempt.hello : undefined;
}

/** Returns why the gateway's port accepts no connection; undefined if it does. */
function reach(dialer: Dialer, deadline: Deadline): Promise<ConnectFailure | undefined> {
  return new Promise((resolve) => {
    const ms = deadline.for("request");
    const timer = setTimeout(() => {
      cancel();
      resolve({ code: "TIMEOUT", message: `no connection within ${ms} ms` });
    }, ms);
    const cancel = dialer.dial(0, (result) => {
      clearTimeout(timer);
      if ("socket" in result) result.socket.destroy();
      resolve("failure" in result ? result.failure : undefined);
    });
  });
}
