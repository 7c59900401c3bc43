import type { CommandContext, DOCTOR_FLAGS } from "../../cli/command.ts";
import { isLoopbackName } from "../../net/authority.ts";
import { section } from "../../openclaw/config.ts";
import { loadDespiteOpenclaw } from "../../settings/load.ts";
import { statement } from "../../settings/settings-error.ts";
import { isShim } from "../../status/shim-client.ts";
import { createDialer } from "../../upstream/dial.ts";
import { GatewayAgent } from "../../upstream/gateway-agent.ts";
import { findShim } from "./found-shim.ts";
import { attemptOf, connectAs, timeFor, uniqueMark, type Deadline } from "./gateway-attempt.ts";
import { probeLocality } from "./locality-probe.ts";
import { findListeningProcess } from "./listening-process.ts";
import { readOpenclawFiles } from "./openclaw-files.ts";
import { TestDevices } from "./test-devices.ts";
import { explorePath, findInLog, type PathFacts } from "./tool-paths.ts";
import { DEFAULT, readCredential, readToolUrl, toolUrl } from "./tool-urls.ts";

/** What the checks share. Connections are made at the first call of a function, once. */
export type DoctorContext = Awaited<ReturnType<typeof openContext>>;

/** Each may take seconds. */
const PATH_LIMIT = 4;

/** Opens the context of a run; its `leftovers` closes it. Throws SettingsError. */
export async function openContext(command: CommandContext<typeof DOCTOR_FLAGS>, limits: Deadline["limits"]) {
  const { program, env, flags } = command;
  const { settings, problem } = await loadDespiteOpenclaw(command);
  const via = flags.via.map((text) => readToolUrl("--via", text, settings));
  const deadline: Deadline = { limits, end: performance.now() + limits.gather };
  void command.stopped().then(() => (deadline.end = 0));
  const openclaw = readOpenclawFiles(env);
  const credential = readCredential(settings.tokenFile, env, section(openclaw.gateway, "auth")["mode"]);
  /** Where the tools of this environment connect. */
  const tools = toolUrl(settings, env, openclaw.gateway);
  const configProblem = problem && statement(problem);
  const facts = { program, env, settings, configProblem, via, openclaw, credential, tools };
  const devices = new TestDevices(deadline);
  const target = once(async () => {
    const agent = new GatewayAgent(await createDialer(settings.gateway, () => {}));
    // The agent's dialer does the TLS, so the URL is the plain one.
    return { url: `ws://${settings.gateway.authority}`, ws: { agent } };
  });

  /** Connects straight to the gateway. */
  const gateway = once(async () => {
    const { host, port, tls, authority } = settings.gateway;
    // The shim itself does no TLS.
    if (!tls && (await isShim(authority, timeFor("request", deadline)))) {
      // Nothing is sent through it.
      const none = attemptOf({ ok: false, failure: "an openclaw-shim" });
      return { isShim: true, plain: none, direct: none, untried: false };
    }
    const place = await target();
    const plain = await connectAs(place, credential, deadline);
    const known = await devices.chooseOperator(plain);
    // A device would change no other refusal.
    const isAboutDevice = plain.connected || plain.outcome === "device-required";
    // The request of a device that is not local stays, unless an operator rejects it.
    const mayStay = isAboutDevice && !known && !flags.testDevice;
    const untried = mayStay ? await probeLocality(place, credential, deadline) : undefined;
    const direct = untried
      ? { ...plain, ...untried, connected: false, session: undefined }
      : isAboutDevice
        ? await devices.connect(place, credential)
        : plain;
    if (known) await direct.session?.close();
    const lists = known ?? (await devices.chooseOperator(direct));
    return {
      isShim: false,
      listener: isLoopbackName(host) ? findListeningProcess(port) : undefined,
      /** With the credential and no device, which leaves no trace on any release. */
      plain,
      /** With a new device, as a tool's first connection. */
      direct,
      /** No new device was tried: its request might have stayed. `direct` has what was seen without one. */
      untried: untried !== undefined,
      /** Of whichever attempt connected. */
      hello: direct.hello ?? plain.hello,
      /** Pending and paired devices without this run's: from the gateway, else from OpenClaw's files. */
      devices: lists ?? openclaw.devices,
      nodes: await devices.waitingNodes(),
    };
  });

  /** Connects through the shim. */
  const connect = (url: string) => devices.connectPath({ url }, credential);
  const shim = once(async () => {
    const { plain, direct } = await gateway();
    return findShim(settings, plain.connected || direct.connected ? connect : undefined, deadline);
  });

  /** Connects along the paths of `--via` and of the tools that lead neither straight to the shim nor to the gateway. */
  const paths = once(async () => {
    const { running } = await shim();
    const found: PathFacts[] = [];
    for (const path of [...via, tools]) {
      if (path.leadsTo === "elsewhere" && path.source !== DEFAULT && found.length < PATH_LIMIT)
        found.push(await explorePath(path, credential, devices, running?.address, deadline));
    }
    return found;
  });

  /** Returns the gateway's runtime, as its log names it. */
  const runtime = once(async () => {
    await gateway();
    if (!devices.operator) return undefined;
    // Refused without a credential, the connection leaves nothing but a line of the log.
    const mark = uniqueMark();
    const { connected, session } = await connectAs({ ...(await target()), mark }, undefined, deadline);
    await session?.close();
    return connected ? undefined : (await findInLog(devices.operator, mark, deadline))?.runtime;
  });

  /** Removes the test devices; returns those that could not be removed. To be called last. */
  const leftovers = once(async () => {
    deadline.end = performance.now() + limits.clear;
    const left = await devices.clear();
    await devices.operator?.close();
    return left;
  });

  return { ...facts, gateway, runtime, shim, paths, leftovers };
}

/** Returns a function that calls another one at most once. */
function once<T>(run: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= run());
}
