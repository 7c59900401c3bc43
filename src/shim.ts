import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import type { Approver, OperatorResources } from "./approve/approver.ts";
import { GuessLimiter } from "./gate/auth-rate-limit.ts";
import { ConnectionLimit } from "./gate/connection-limit.ts";
import { createGate } from "./gate/gate.ts";
import { unreachableFix } from "./gate/unreachable.ts";
import { Connections } from "./server/connections.ts";
import { listenAll } from "./server/listen-all.ts";
import { Reporter, type TimedOutcome } from "./outcome/report.ts";
import { createPassage } from "./proxy.ts";
import { createDialer, type Dialer } from "./upstream/dial.ts";
import { GatewayProbe } from "./upstream/gateway-probe.ts";
import { ReachabilityMonitor, type Reachability } from "./upstream/reachability.ts";
import { createRequestRelay } from "./upstream/plain-http.ts";
import type { Settings } from "./settings/settings.ts";
import type { HandedOver } from "./server/socket-activation.ts";
import { createStatus } from "./status/status.ts";

/** While the gateway is down it is asked for this often, so that the log says when it is back. */
const PROBE_MS = 2_000;
/** After the drain every connection is destroyed; what is not gone by then never will be. */
const DESTROY_MS = 3_000;
const CLOSED_CHECK_MS = 20;
/**
 * Where nothing is in progress, a connection that was accepted just before the drain has so long to send its first
 * head, and a client that was just answered to take the answer's last bytes. A client sends its head at once; one
 * that opened a connection only to have it (a browser does) is not worth more.
 */
const FIRST_HEAD_MS = 500;

/** A running shim. Several in one process share nothing. */
export interface Shim {
  /** Where it listens, ports as bound: `127.0.0.1:18788`, `[::1]:18788`. */
  readonly addresses: readonly string[];
  on(event: "outcome", listener: (outcome: TimedOutcome) => void): this;
  off(event: "outcome", listener: (outcome: TimedOutcome) => void): this;
  /**
   * Stops listening, ends idle connections, lets the others finish for the drain time, then ends them. One that was
   * accepted just before and has sent no request yet is waited for half a second at most, and never longer than the
   * drain time. Resolves when nothing is left; calling it again waits for the same end.
   */
  close(): Promise<void>;
}

/** What the process gives a shim besides settings. */
export interface ShimResources {
  /** Sockets that already listen; where there are any, they take the place of `settings.listen`. */
  readonly handedOver?: readonly HandedOver[];
  /** For `--approve seen`: who the shim is to the gateway. */
  readonly operator?: OperatorResources;
}

/**
 * Opens a shim: binds every address, or none.
 *
 * @throws the system's error where an address cannot be bound, SettingsError for a handed-over socket that may not be
 */
export async function openShim(
  settings: Settings,
  logger: Logger,
  { handedOver = [], operator = {} }: ShimResources = {},
): Promise<Shim> {
  const monitor = new ReachabilityMonitor((now) => logReachability(logger, settings, now));
  const dialer = await createDialer(settings.gateway, (failure) => monitor.note(failure));
  const reporter = new Reporter(logger);
  const limit = new ConnectionLimit(settings.maxConnections);
  const requests = createRequestRelay(settings.gateway, dialer);
  const probe = new GatewayProbe(dialer);
  const approver = await openApprover(settings, logger, dialer, operator);
  const connections = new Connections();
  const status = createStatus({ monitor, reporter, limit, connections, probe: () => probe.ask() });
  const passage = createPassage({
    settings,
    logger,
    dialer,
    reporter,
    connections,
    limit,
    guesses: new GuessLimiter(() => performance.now()),
    requests,
    approver,
    gate: createGate(settings),
    status,
  });
  const listeners = await listenAll(settings, handedOver, passage.handlers, connections).catch(
    async (error: unknown) => {
      await approver?.close();
      throw error;
    },
  );
  const addresses = listeners.map(({ address }) => address);
  logger.info({ event: "listening", addresses, gateway: settings.gateway.url }, "listening");

  void probe.ask();
  const watch = setInterval(() => {
    if (monitor.now.state === "down") void probe.ask();
  }, PROBE_MS).unref();

  let closing: Promise<void> | undefined;
  const events = new EventEmitter<{ outcome: [TimedOutcome] }>();
  // Apart from the work here: what a user's listener throws is an uncaught exception, as with any emitter, but it must
  // not keep a place taken or a failed guess from being counted.
  reporter.on("outcome", (outcome) => queueMicrotask(() => events.emit("outcome", outcome)));

  async function drain(): Promise<void> {
    logger.info({ event: "draining", open: limit.open, ms: settings.drainMs }, "draining");
    clearInterval(watch);
    passage.drain();
    status.close();
    for (const listener of listeners) listener.stop();
    let lastBusy = performance.now();
    await until(
      () => {
        const now = performance.now();
        if (limit.open > 0) lastBusy = now;
        return connections.size === 0 || now - lastBusy >= FIRST_HEAD_MS;
      },
      settings.drainMs,
      () => {
        for (const listener of listeners) listener.closeIdle();
      },
    );
    connections.destroy();
    requests.close();
    probe.close();
    await approver?.close();
    await until(() => limit.open === 0, DESTROY_MS);
    logger.info({ event: "stopped" }, "stopped");
  }

  return Object.assign(events, {
    addresses: Object.freeze(addresses),
    close: () => (closing ??= drain()),
  });
}

/** Only with `--approve seen` is any of this loaded. */
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

function logReachability(logger: Logger, { gateway }: Settings, { state, failure }: Reachability): void {
  if (state === "up") {
    logger.info({ event: "gateway.up", gateway: gateway.url }, "gateway is up");
    return;
  }
  const reason = failure?.code;
  const fix = unreachableFix(reason ?? "");
  logger.warn({ event: "gateway.down", gateway: gateway.url, reason, fix }, "gateway is down");
}

async function until(condition: () => boolean, ms: number, each: () => void = () => {}): Promise<void> {
  const deadline = performance.now() + ms;
  each();
  while (!condition() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, CLOSED_CHECK_MS));
    each();
  }
}
