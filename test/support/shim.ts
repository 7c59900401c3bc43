import { Writable } from "node:stream";
import { pino } from "pino";
import type { Outcome } from "../../src/pairing/outcome.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { openShim, type Shim } from "../../src/shim.ts";

/** A shim on a free port, with its log kept. */
export interface TestShim {
  readonly shim: Shim;
  /** `127.0.0.1:PORT` of the first listener. */
  readonly authority: string;
  readonly port: number;
  /** Every log line so far, parsed. */
  readonly lines: readonly Record<string, unknown>[];
  /** Every outcome so far. */
  readonly outcomes: readonly Outcome[];
  /** The outcome number `index` (0 is the first), as soon as it is there. */
  outcome(index?: number): Promise<Outcome>;
  close(): Promise<void>;
}

const OUTCOME_DEADLINE_MS = 10_000;

/** Opens a shim for the gateway at `gatewayPort`, listening on 127.0.0.1 only unless told otherwise. */
export async function openTestShim(
  gatewayPort: number,
  overrides: Partial<Settings> = {},
): Promise<TestShim> {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split("\n")) {
        if (line !== "") lines.push(JSON.parse(line) as Record<string, unknown>);
      }
      done();
    },
  });
  const logger = pino({ level: "debug", base: null, formatters: { level: (level) => ({ level }) } }, sink);
  const shim = await openShim({ ...testSettings(gatewayPort), ...overrides }, logger);
  const outcomes: Outcome[] = [];
  const waiting = new Set<() => void>();
  shim.on("outcome", (outcome) => {
    outcomes.push(outcome);
    for (const check of waiting) check();
  });
  const authority = shim.addresses[0] ?? "";
  return {
    shim,
    authority,
    port: Number(authority.slice(authority.lastIndexOf(":") + 1)),
    lines,
    outcomes,
    outcome: (index = 0) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`no outcome ${index}; seen: ${JSON.stringify(outcomes)}`));
        }, OUTCOME_DEADLINE_MS);
        const check = (): void => {
          const outcome = outcomes[index];
          if (!outcome) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(outcome);
        };
        waiting.add(check);
        check();
      }),
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
    holdMs: 0,
    drainMs: 0,
    maxConnections: 512,
    approve: "off",
    approveScopes: [],
    approveRoles: [],
    logLevel: "info",
    logFormat: "json",
  };
}
