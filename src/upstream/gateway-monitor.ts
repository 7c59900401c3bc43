import { gatewayState, type ConnectFailure, type GatewayState } from "../errors.ts";
import type { GatewayAddress } from "../settings/settings.ts";
import type { Dialer } from "./dial.ts";

/** How often a gateway that is down is probed, so that the log says when it is up again. */
const PROBE_DOWN_MS = 2_000;
/** How often it is probed in any state, also without clients. */
const PROBE_MS = 15_000;
/** Deadline of a probe: a gateway that has just started is busy for seconds. */
const PROBE_LIMIT_MS = 5_000;

/** What is known of the gateway. Times are wall-clock times, for people. */
export interface Reachability {
  readonly state: "unknown" | "up" | GatewayState;
  /** The first probe that found this state: it may have begun earlier. */
  readonly since: Date;
  /** When the gateway responded last. */
  readonly lastResponse?: Date;
  readonly failure?: ConnectFailure;
}

/** Finds out whether OpenClaw's gateway responds, stores the result, and reports when the state changes. */
export class GatewayMonitor {
  now: Reachability = { state: "unknown", since: new Date() };
  readonly #gateway: GatewayAddress;
  readonly #onChange: (now: Reachability) => void;
  #dialer: Dialer | undefined;
  #probing: Promise<void> | undefined;
  #abort = new AbortController();
  #timers: readonly NodeJS.Timeout[] = [];

  constructor(gateway: GatewayAddress, onChange: (now: Reachability) => void) {
    this.#gateway = gateway;
    this.#onChange = onChange;
  }

  /** Records why the gateway is not up; without a failure, that it responded. */
  note(failure?: ConnectFailure): void {
    const state = failure ? gatewayState(failure.code) : "up";
    const changed = state !== this.now.state;
    const since = changed ? new Date() : this.now.since;
    const lastResponse = failure ? this.now.lastResponse : new Date();
    this.now = { state, since, ...(lastResponse && { lastResponse }), ...(failure && { failure }) };
    if (changed) this.#onChange(this.now);
  }

  /** Probes the gateway now, and from time to time until `close()`. */
  watch(dialer: Dialer): void {
    this.#dialer = dialer;
    void this.probe();
    this.#timers = [
      setInterval(() => this.now.state === "down" && void this.probe(), PROBE_DOWN_MS).unref(),
      setInterval(() => void this.probe(), PROBE_MS).unref(),
    ];
  }

  /** Stops probing. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#dialer = undefined;
    this.#abort.abort();
  }

  /** Probes the gateway and notes the result. Parallel calls share one probe. */
  probe(): Promise<void> {
    this.#probing ??= this.#probeOnce().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  async #probeOnce(): Promise<void> {
    const { probeGateway } = await import("./gateway-probe.ts");
    if (!this.#dialer) return;
    this.#abort = new AbortController();
    const deadline = setTimeout(() => this.#abort.abort(), PROBE_LIMIT_MS);
    const failure = await probeGateway(this.#gateway, this.#dialer, this.#abort.signal);
    clearTimeout(deadline);
    if (this.#dialer) this.note(failure);
  }
}
