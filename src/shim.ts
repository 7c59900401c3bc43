import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import { ConnectionLimit } from "./gate/limits.ts";
import { createGate } from "./gate/gate.ts";
import { listen, type Listener } from "./listener.ts";
import type { Outcome } from "./pairing/outcome.ts";
import { Reporter } from "./pairing/report.ts";
import { createPassage } from "./passage.ts";
import { createDialer, type Dialer } from "./relay/dial.ts";
import { ReachabilityMonitor, type Reachability } from "./relay/reachability.ts";
import { createRequestRelay } from "./relay/request.ts";
import type { Settings } from "./settings/settings.ts";
import { createStatus } from "./status/status.ts";

/** While the gateway is down it is asked for this often, so that the log says when it is back. */
const PROBE_MS = 2_000;
/** After the drain every connection is destroyed; what is not gone by then never will be. */
const DESTROY_MS = 3_000;
const CLOSED_CHECK_MS = 20;

/** A running shim. Several in one process share nothing. */
export interface Shim {
  /** Where it listens, ports as bound: `127.0.0.1:18788`, `[::1]:18788`. */
  readonly addresses: readonly string[];
  on(event: "outcome", listener: (outcome: Outcome) => void): this;
  off(event: "outcome", listener: (outcome: Outcome) => void): this;
  /**
   * Stops listening, lets open connections finish for the drain time, then ends them. Resolves when nothing is
   * left; calling it again waits for the same end.
   */
  close(): Promise<void>;
}

/**
 * Opens a shim: binds every address, or none.
 *
 * @throws the system's error where an address cannot be bound
 */
export async function openShim(settings: Settings, logger: Logger): Promise<Shim> {
  const monitor = new ReachabilityMonitor((now) => logReachability(logger, settings, now));
  const dialer = await createDialer(settings.gateway, (failure) => monitor.note(failure));
  const reporter = new Reporter(logger);
  const limit = new ConnectionLimit(settings.maxConnections);
  const requests = createRequestRelay(settings.gateway, dialer);
  const passage = createPassage({
    settings,
    logger,
    dialer,
    reporter,
    limit,
    requests,
    gate: createGate(settings),
    status: createStatus({ monitor, reporter, limit, probe: () => probe(dialer) }),
  });
  const listeners = await listenAll(settings, passage.handlers);
  const addresses = listeners.map(({ address }) => address);
  logger.info({ event: "listening", addresses, gateway: settings.gateway.url }, "listening");

  void probe(dialer);
  const watch = setInterval(() => {
    if (monitor.now.state === "down") void probe(dialer);
  }, PROBE_MS).unref();

  let closing: Promise<void> | undefined;
  const events = new EventEmitter<{ outcome: [Outcome] }>();
  reporter.on("outcome", (outcome) => events.emit("outcome", outcome));

  async function drain(): Promise<void> {
    logger.info({ event: "draining", open: limit.open, ms: settings.drainMs }, "draining");
    clearInterval(watch);
    passage.drain();
    for (const listener of listeners) listener.stop();
    await until(
      () => limit.open === 0,
      settings.drainMs,
      () => {
        for (const listener of listeners) listener.closeIdle();
      },
    );
    for (const listener of listeners) listener.destroy();
    requests.close();
    await until(() => limit.open === 0, DESTROY_MS);
    logger.info({ event: "stopped" }, "stopped");
  }

  return Object.assign(events, {
    addresses: Object.freeze(addresses),
    close: () => (closing ??= drain()),
  });
}

async function listenAll(
  { listen: addresses, maxConnections }: Settings,
  handlers: Parameters<typeof listen>[2],
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const address of addresses) {
      const listener = await listen(address, maxConnections, handlers).catch(
        (error: NodeJS.ErrnoException) => {
          if (address.optional && isAbsent(error)) return undefined;
          throw error;
        },
      );
      if (listener) listeners.push(listener);
    }
  } catch (error) {
    for (const listener of listeners) listener.stop();
    throw error;
  }
  return listeners;
}

/** The machine has no such address: no IPv6 at all, or no ::1. */
function isAbsent({ code }: NodeJS.ErrnoException): boolean {
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EINVAL";
}

/** Connects and leaves; the monitor hears of it. */
function probe(dialer: Dialer): Promise<void> {
  return new Promise((resolve) => {
    dialer.dial(0, (result) => {
      if ("socket" in result) result.socket.destroy();
      resolve();
    });
  });
}

function logReachability(logger: Logger, { gateway }: Settings, { state, failure }: Reachability): void {
  if (state === "up") logger.info({ event: "gateway.up", gateway: gateway.url }, "gateway is up");
  else logger.warn({ event: "gateway.down", gateway: gateway.url, reason: failure?.code }, "gateway is down");
}

async function until(condition: () => boolean, ms: number, each: () => void = () => {}): Promise<void> {
  const deadline = performance.now() + ms;
  each();
  while (!condition() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, CLOSED_CHECK_MS));
    each();
  }
}
