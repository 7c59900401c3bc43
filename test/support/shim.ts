import { Writable } from "node:stream";
import { pino } from "pino";
import type { TimedOutcome } from "../../src/outcome/outcomes.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { openShim, type Shim, type ShimResources } from "../../src/shim.ts";

/** A shim on a free port, with its log kept. */
export interface TestShim {
  readonly shim: Shim;
  /** `127.0.0.1:PORT` of the first listener. */
  readonly authority: string;
  readonly port: number;
  /** Every log line so far, parsed. */
  readonly lines: readonly Record<string, unknown>[];
  /** Every outcome so far. */
  readonly outcomes: readonly TimedOutcome[];
  /** The outcome number `index` (0 is the first), as soon as it is there. */
  outcome(index?: number): Promise<TimedOutcome>;
  /** The log line number `index` with that `event`, as soon as it is there. */
  logged(event: string, index?: number): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const DEADLINE_MS = 10_000;

/** Opens a shim for the gateway at `gatewayPort`, listening on 127.0.0.1 only unless told otherwise. */
export async function openTestShim(
  gatewayPort: number,
  overrides: Partial<Settings> = {},
  resources: ShimResources = {},
): Promise<TestShim> {
  const lines: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split("\n")) {
        if (line !== "") lines.push(JSON.parse(line) as Record<string, unknown>);
      }
      for (const check of waiting) check();
      done();
    },
  });
  const level = overrides.logLevel ?? "info";
  const logger = pino({ level, base: null, formatters: { level: (label) => ({ level: label }) } }, sink);
  const shim = await openShim({ ...testSettings(gatewayPort), ...overrides }, logger, resources);
  const outcomes: TimedOutcome[] = [];
  shim.on("outcome", (outcome) => {
    outcomes.push(outcome);
    for (const check of waiting) check();
  });

  function appears<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no ${what}; logged: ${JSON.stringify(lines)}`));
      }, DEADLINE_MS);
      const check = (): void => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
    });
  }

  const authority = shim.addresses[0] ?? "";
  return {
    shim,
    authority,
    port: Number(authority.slice(authority.lastIndexOf(":") + 1)),
    lines,
    outcomes,
    outcome: (index = 0) => appears(`outcome ${index}`, () => outcomes[index]),
    logged: (event, index = 0) =>
      appears(`line ${event} ${index}`, () => lines.filter((line) => line["event"] === event)[index]),
    close: () => shim.close(),
  };
}

/** The default settings, on free ports and without waiting for anything. */
export function testSettings(gatewayPort: number): Settings {
  return {
    listen: [{ host: "127.0.0.1", port: 0 }],
    gateway: {
      url: `ws://127.0.0.1:${gatewayPort}`,
      host: "127.0.0.1",
      port: gatewayPort,
      tls: false,
      authority: `127.0.0.1:${gatewayPort}`,
      origin: `http://127.0.0.1:${gatewayPort}`,
    },
    allowFrom: [],
    allowHost: [],
    allowOrigin: [],
    forwarded: "strip",
    hold: 0,
    drain: 0,
    maxConnections: 512,
    tokenFile: undefined,
    approve: "off",
    approveScopes: [],
    approveRoles: [],
    logLevel: "info",
    logFormat: "json",
  };
}
