import { Writable } from "node:stream";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import type { Outcome } from "../../src/outcome/outcome.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { openShim, type Shim, type ShimResources } from "../../src/shim.ts";
import { testSettings } from "./settings.ts";

/** A shim on a free port that records its log. */
export interface TestShim {
  readonly shim: Shim;
  /** `127.0.0.1:PORT` of the first listener. */
  readonly authority: string;
  readonly port: number;
  /** Every log line so far, parsed. */
  readonly lines: readonly Record<string, unknown>[];
  /** Every outcome so far. */
  readonly outcomes: readonly Outcome[];
  /** Resolves with the outcome number `index` (0 is the first). */
  outcome(index?: number): Promise<Outcome>;
  /** Resolves with the log line number `index` of that `event`. */
  logged(event: string, index?: number): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const DEADLINE_MS = 10_000;

/** Opens a shim for the gateway on `gatewayPort`; the caller closes it. It listens on 127.0.0.1 by default. */
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
  const outcomes: Outcome[] = [];
  shim.on("outcome", (outcome) => {
    outcomes.push(outcome);
    for (const check of waiting) check();
  });

  function waitFor<T>(what: string, find: () => T | undefined): Promise<T> {
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
    outcome: (index = 0) => waitFor(`outcome ${index}`, () => outcomes[index]),
    logged: (event, index = 0) =>
      waitFor(`line ${event} ${index}`, () => lines.filter((line) => line["event"] === event)[index]),
    close: () => shim.close(),
  };
}

/** Opens a shim for a gateway; closes it after the test. */
export async function openShimFor(
  gateway: { readonly port: number },
  overrides: Partial<Settings> = {},
  resources: ShimResources = {},
): Promise<TestShim> {
  const shim = await openTestShim(gateway.port, overrides, resources);
  onTestFinished(() => shim.close());
  return shim;
}
