import { EventEmitter } from "node:events";
import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { OperatorResources } from "./openclaw/token.ts";
import { connectAdvice, refuse, type RefusalCode } from "./errors.ts";
import { createGate } from "./gate/gate.ts";
import { FloodLog } from "./log/flood-log.ts";
import { authorityOf } from "./net/authority.ts";
import { createAuthLimits } from "./outcome/auth-limits.ts";
import { Metrics } from "./outcome/metrics.ts";
import { isNotPaired, type Outcome } from "./outcome/outcome.ts";
import { levelOf, Outcomes } from "./outcome/outcomes.ts";
import { Proxy } from "./proxy.ts";
import { Connections } from "./server/connections.ts";
import { listenAll, type Listener } from "./server/listener.ts";
import { UNWATCHED_CONNECTIONS } from "./server/slots.ts";
import type { HandedOver } from "./server/socket-activation.ts";
import type { Settings } from "./settings/settings.ts";
import type { MetricsListener } from "./status/metrics-listener.ts";
import type { Status } from "./status/status.ts";
import type { RequestRelay } from "./upstream/plain-http.ts";
import { withoutUndefined } from "./text/json.ts";
import { createDialer } from "./upstream/dial.ts";
import { GatewayMonitor, type Reachability } from "./upstream/gateway-monitor.ts";

/** After the drain, clients without a response have so long to read their refusal: a little more than LINGER_MS. */
const REFUSED_MS = 800;
/** Then every connection is destroyed; waiting longer for their end is useless. */
const DESTROY_MS = 3_000;
const CLOSED_CHECK_MS = 20;
/** How often bodies are checked that have stopped arriving. */
const STALLED_CHECK_MS = 5_000;
/**
 * While nothing is in progress, the drain waits so long for a connection that was just accepted to send its first
 * request, and for a client to read the end of its response. Connections opened in advance, as browsers do, are not
 * waited for longer.
 */
const FIRST_REQUEST_MS = 500;

/** A running shim. Several in one process share nothing. */
export interface Shim {
  /** The addresses it listens on, with the ports that were bound: `127.0.0.1:18788`, `[::1]:18788`. */
  readonly addresses: readonly string[];
  on(event: "outcome", listener: (outcome: Outcome) => void): this;
  off(event: "outcome", listener: (outcome: Outcome) => void): this;
  /**
   * Stops listening, ends idle connections, lets the others finish for the drain time, then refuses what has no
   * response yet, and destroys the rest. A connection that was just accepted may still send its first request, for half a
   * second at most. Resolves when nothing is left; further calls wait for the same end.
   *
   * @param atMost shortens the drain time, in ms
   */
  close(atMost?: number): Promise<void>;
}

/** What the process gives a shim besides settings. */
export interface ShimResources {
  /** Sockets that already listen; they replace `settings.listen`. */
  readonly handedOver?: readonly HandedOver[];
  /** Servers that are bound to `settings.listen` already. */
  readonly bound?: Promise<readonly Server[]> | undefined;
  /** For `--approve seen`: the identity of the shim towards the gateway. */
  readonly operator?: OperatorResources;
  /** Returns the number of log lines that were lost, for the metrics. */
  readonly lostLines?: () => number;
}

/**
 * Opens a shim: builds its parts and binds every address, or none.
 *
 * @throws the system's error if an address cannot be bound, SettingsError for a handed-over socket that is not allowed
 */
export async function openShim(
  settings: Settings,
  logger: Logger,
  { handedOver = [], bound, operator = {}, lostLines = () => 0 }: ShimResources = {},
): Promise<Shim> {
  const monitor = new GatewayMonitor(settings.gateway, (now) => logReachability(logger, settings, now));
  const dialer = await createDialer(settings.gateway, (failure) => monitor.note(failure));
  const outcomes = new Outcomes();
  const metrics = new Metrics();
  const floods = new FloodLog(logger);
  const connections = new Connections(settings.maxConnections);
  const limits = await createAuthLimits(settings);
  const events = new EventEmitter<{ outcome: [Outcome] }>();
  const approver =
    settings.approve === "off"
      ? undefined
      : await (
          await import("./approve/approver.ts")
        ).startApprover(settings, logger, dialer, operator, (requestId) => outcomes.approved(requestId));
  const ceiling =
    settings.maxScopes.length === 0
      ? undefined
      : (await import("./ceiling/scope-ceiling.ts")).createCeiling(settings, dialer);

  outcomes.on("settled", (settled) => {
    const { outcome, facts, transcript } = settled;
    metrics.note(outcome);
    if (transcript.response && monitor.now.state !== "up") monitor.note();
    dialer.handshakeOver(facts.conn);
    limits.note(settled);
    if (outcome.outcome === "pairing-required" && transcript.connect && isNotPaired(transcript))
      approver?.refused(facts, transcript.connect, outcome.requestId);
    if (outcome.outcome === "denied" || outcome.reason === ("too_many_failures" satisfies RefusalCode))
      floods.warn(outcome, "pairing outcome");
    else logger[levelOf(outcome)](outcome, "pairing outcome");
    // Not in the same turn: what a user's listener throws is an uncaught exception, as with any emitter.
    if (events.listenerCount("outcome") > 0)
      queueMicrotask(() => events.emit("outcome", withoutUndefined(outcome)));
  });

  // Loaded at their first request: most shims relay WebSockets only.
  let status: Promise<Status> | undefined;
  const sources = { monitor, outcomes, metrics, connections, dialer, approver, lostLines };
  const loadStatus = async (): Promise<Status> => new (await import("./status/status.ts")).Status(sources);
  const loadedStatus = (): Promise<Status> => (status ??= loadStatus());
  let requests: RequestRelay | Promise<RequestRelay> | undefined;
  const loadRequests = async (): Promise<RequestRelay> => {
    const { RequestRelay: Relay } = await import("./upstream/plain-http.ts");
    return (requests = new Relay(settings, dialer));
  };

  const proxy = new Proxy({
    settings,
    logger,
    floods,
    metrics,
    connections,
    gate: createGate(settings),
    status: loadedStatus,
    limits,
    dialer,
    requests: () => (requests ??= loadRequests()),
    outcomes,
    approver,
    ceiling,
  });
  let accepted = 0;
  connections.onOpen = () => {
    accepted += 1;
    if (accepted === UNWATCHED_CONNECTIONS) void watchMemory();
  };
  const watchMemory = async (): Promise<void> =>
    (await import("./server/kernel-memory.ts")).watchKernelMemory(connections, (why) => proxy.onDropped(why));
  const { metricsListen } = settings;
  let metricsListener: MetricsListener | undefined;
  const bind = async (): Promise<Listener[]> => {
    if (metricsListen) {
      const { listenForMetrics } = await import("./status/metrics-listener.ts");
      metricsListener = await listenForMetrics(metricsListen, loadedStatus, proxy);
    }
    return listenAll(settings, handedOver, { handlers: proxy, connections }, bound);
  };
  const listeners = await bind().catch(async (error: unknown) => {
    metricsListener?.close();
    await approver?.close();
    throw error;
  });
  const addresses = listeners.map(authorityOf);
  const line = { event: "listening", addresses, gateway: settings.gateway.url };
  logger.info({ ...line, metrics: metricsListener?.address }, "listening");

  monitor.watch(dialer);

  const stalled = setInterval(() => connections.slots.endStalled(), STALLED_CHECK_MS).unref();

  async function drain(ms: number): Promise<void> {
    logger.info({ event: "draining", open: connections.slots.used, ms }, "draining");
    monitor.close();
    proxy.drain();
    (await status)?.close();
    for (const listener of listeners) listener.stop();
    let lastBusy = performance.now();
    await until(ms, () => {
      connections.destroyIdle();
      if (connections.slots.used > 0) lastBusy = performance.now();
      return connections.size === 0 || performance.now() - lastBusy >= FIRST_REQUEST_MS;
    });
    connections.refuseAll(refuse("draining"));
    await until(REFUSED_MS, () => connections.size === 0);
    connections.destroy();
    (await requests)?.idle.close();
    await approver?.close();
    await until(DESTROY_MS, () => connections.slots.used === 0);
    metricsListener?.close();
    clearInterval(stalled);
    floods.endInterval();
    logger.info({ event: "stopped" }, "stopped");
  }

  let closing: Promise<void> | undefined;
  return Object.assign(events, {
    addresses: Object.freeze(addresses),
    close: (atMost = settings.drain) => (closing ??= drain(Math.min(atMost, settings.drain))),
  });
}

function logReachability(
  logger: Logger,
  { gateway }: Settings,
  { state, failure, lastResponse }: Reachability,
): void {
  if (state === "up") return logger.info({ event: "gateway.up", gateway: gateway.url }, "gateway is up");
  const { code = "" } = failure ?? {};
  const line = { event: "gateway.down", gateway: gateway.url, state, reason: code, lastResponse };
  return logger.warn({ ...line, ...connectAdvice(code) }, "gateway is not up");
}

/** Waits until a condition holds, but not longer than `ms`. */
async function until(ms: number, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition() && performance.now() < deadline) await sleep(CLOSED_CHECK_MS);
}
