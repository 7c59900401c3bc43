import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import type { Approver, OperatorResources } from "./approve/approver.ts";
import { connectAdvice } from "./errors.ts";
import { AuthRateLimit } from "./gate/auth-rate-limit.ts";
import { createGate } from "./gate/gate.ts";
import { authorityOf } from "./net/authority.ts";
import { credentialResult } from "./outcome/credential.ts";
import { OutcomeMetrics } from "./outcome/metrics.ts";
import { isNotPaired, type Outcome } from "./outcome/outcome.ts";
import { levelOf, Outcomes, type SettledUpgrade } from "./outcome/outcomes.ts";
import { Proxy } from "./proxy.ts";
import { Connections } from "./server/connections.ts";
import { listenAll, type HandedOver } from "./server/listener.ts";
import type { Settings } from "./settings/settings.ts";
import type { Status } from "./status/status.ts";
import { createDialer, type Dialer } from "./upstream/dial.ts";
import type { RequestRelay } from "./upstream/plain-http.ts";
import { GatewayMonitor, type Reachability } from "./upstream/gateway-monitor.ts";

/** How often the gateway is probed while it is down, so that the log says when it is up again. */
const PROBE_MS = 2_000;
/** After the drain every connection is destroyed; waiting longer for their end is useless. */
const DESTROY_MS = 3_000;
const CLOSED_CHECK_MS = 20;
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
   * Stops listening, ends idle connections, lets the others finish for the drain time, then destroys them. A
   * connection that was just accepted may still send its first request, for half a second at most. Resolves when
   * nothing is left; further calls wait for the same end.
   */
  close(): Promise<void>;
}

/** What the process gives a shim besides settings. */
export interface ShimResources {
  /** Sockets that already listen; they replace `settings.listen`. */
  readonly handedOver?: readonly HandedOver[];
  /** For `--approve seen`: the identity of the shim towards the gateway. */
  readonly operator?: OperatorResources;
}

/**
 * Opens a shim: builds its parts and binds every address, or none.
 *
 * @throws the system's error if an address cannot be bound, SettingsError for a handed-over socket that is not allowed
 */
export async function openShim(
  settings: Settings,
  logger: Logger,
  { handedOver = [], operator = {} }: ShimResources = {},
): Promise<Shim> {
  const monitor = new GatewayMonitor((now) => logReachability(logger, settings, now));
  const dialer = await createDialer(settings.gateway, (failure) => monitor.note(failure));
  const probe = (): Promise<void> => monitor.probe(dialer);
  const outcomes = new Outcomes();
  const metrics = new OutcomeMetrics();
  const connections = new Connections(settings.maxConnections);
  const rateLimit = new AuthRateLimit(() => performance.now());
  const approver = await openApprover(settings, logger, dialer, operator);
  const events = new EventEmitter<{ outcome: [Outcome] }>();

  outcomes.on("settled", ({ outcome }) => metrics.note(outcome));
  outcomes.on("settled", (settled) => recordCredential(rateLimit, settled));
  outcomes.on("settled", (settled) => reportNotPaired(approver, settled));
  outcomes.on("settled", ({ outcome: { time: _time, ...line } }) =>
    logger[levelOf(line)](line, "pairing outcome"),
  );
  // Not in the same turn: what a user's listener throws is an uncaught exception, as with any emitter.
  outcomes.on("settled", ({ outcome }) => queueMicrotask(() => events.emit("outcome", outcome)));

  // Loaded at their first request: most shims relay WebSockets only.
  let status: Promise<Status> | undefined;
  async function loadStatus(): Promise<Status> {
    const { createStatus } = await import("./status/status.ts");
    return createStatus({ monitor, outcomes, metrics, connections, probe });
  }
  let requests: Promise<RequestRelay> | undefined;
  async function loadRequests(): Promise<RequestRelay> {
    const { createRequestRelay } = await import("./upstream/plain-http.ts");
    return createRequestRelay(settings.gateway, dialer);
  }

  const gate = createGate(settings);
  const proxy = new Proxy({
    settings,
    logger,
    connections,
    gate,
    status: () => (status ??= loadStatus()),
    rateLimit,
    dialer,
    requests: () => (requests ??= loadRequests()),
    outcomes,
    approver,
  });
  const listeners = await listenAll(settings, handedOver, { handlers: proxy, connections }).catch(
    async (error: unknown) => {
      await approver?.close();
      throw error;
    },
  );
  const addresses = listeners.map(authorityOf);
  logger.info({ event: "listening", addresses, gateway: settings.gateway.url }, "listening");

  void probe();
  const watch = setInterval(() => {
    if (monitor.now.state === "down") void probe();
  }, PROBE_MS).unref();

  let closing: Promise<void> | undefined;

  async function drain(): Promise<void> {
    logger.info({ event: "draining", open: connections.slotsInUse, ms: settings.drain }, "draining");
    clearInterval(watch);
    proxy.drain();
    (await status)?.close();
    for (const listener of listeners) listener.stop();
    let lastBusy = performance.now();
    await until(
      () => {
        const now = performance.now();
        if (connections.slotsInUse > 0) lastBusy = now;
        return connections.size === 0 || now - lastBusy >= FIRST_REQUEST_MS;
      },
      settings.drain,
      () => connections.destroyIdle(),
    );
    connections.destroy();
    (await requests)?.close();
    monitor.close();
    await approver?.close();
    await until(() => connections.slotsInUse === 0, DESTROY_MS);
    logger.info({ event: "stopped" }, "stopped");
  }

  return Object.assign(events, {
    addresses: Object.freeze(addresses),
    close: () => (closing ??= drain()),
  });
}

/** Only `--approve seen` loads any of this. */
async function openApprover(
  settings: Settings,
  logger: Logger,
  dialer: Dialer,
  operator: OperatorResources,
): Promise<Approver | undefined> {
  if (settings.approve === "off") return undefined;
  const { startApprover } = await import("./approve/approver.ts");
  return startApprover(settings, logger, dialer, operator);
}

function recordCredential(rateLimit: AuthRateLimit, { outcome, facts, transcript }: SettledUpgrade): void {
  const result = credentialResult(outcome, transcript, facts.sentCredential);
  if (result === "accepted") rateLimit.succeeded(facts.rateLimitKey);
  if (result === "rejected") rateLimit.failed(facts.rateLimitKey);
}

function reportNotPaired(
  approver: Approver | undefined,
  { outcome, facts, transcript }: SettledUpgrade,
): void {
  const { connect } = transcript;
  if (outcome.outcome !== "pairing-required" || !connect || !isNotPaired(transcript)) return;
  approver?.refused(facts.conn, connect, outcome.requestId);
}

function logReachability(logger: Logger, { gateway }: Settings, { state, failure }: Reachability): void {
  if (state === "up") {
    logger.info({ event: "gateway.up", gateway: gateway.url }, "gateway is up");
    return;
  }
  const reason = failure?.code;
  const line = { event: "gateway.down", gateway: gateway.url, reason, ...connectAdvice(reason ?? "") };
  logger.warn(line, "gateway is down");
}

async function until(condition: () => boolean, ms: number, each: () => void = () => {}): Promise<void> {
  const deadline = performance.now() + ms;
  each();
  while (!condition() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, CLOSED_CHECK_MS));
    each();
  }
}
