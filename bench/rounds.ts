import type { ClientOptions } from "./load/client.ts";
import type { Driver } from "./load/driver.ts";
import type { MessageSizes } from "./load/wire.ts";
import type { ProxyProgram } from "./proxies/program.ts";
import { RunningProxy } from "./proxies/running.ts";

/** The input of a measurement. */
export interface Bench {
  readonly driver: Driver;
  /** The columns after `direct`, the shim first. */
  readonly programs: readonly ProxyProgram[];
  readonly rounds: number;
}

/** One route from the load generator to the gateway: direct if it has no proxy. */
export interface Route {
  readonly name: string;
  readonly port: number;
  readonly proxy?: RunningProxy;
}

/** The values of one measurement of one route, by metric. */
export type Sample = Readonly<Record<string, number>>;

/** The samples of each route, one per round. */
export type Samples = Readonly<Record<string, readonly Sample[]>>;

/** Starts the proxies, calls `measure` with all routes, and always stops the proxies. */
export async function withRoutes<T>(
  bench: Bench,
  measure: (routes: readonly Route[]) => Promise<T>,
): Promise<T> {
  const proxies: RunningProxy[] = [];
  try {
    for (const program of bench.programs) {
      proxies.push(await RunningProxy.start(program, bench.driver.gatewayPort));
    }
    const direct: Route = { name: "direct", port: bench.driver.gatewayPort };
    return await measure([
      direct,
      ...proxies.map((proxy) => ({ name: proxy.name, port: proxy.port, proxy })),
    ]);
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  }
}

/**
 * Measures every subject once per round. The first round warms caches and compilers and is discarded. Each round
 * starts with another subject.
 */
export async function interleave<T extends { readonly name: string }>(
  subjects: readonly T[],
  rounds: number,
  measure: (subject: T, round: number) => Promise<Sample>,
): Promise<Samples> {
  const samples: Record<string, Sample[]> = Object.fromEntries(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (let i = 0; i < subjects.length; i += 1) {
      const subject = subjects[(i + round) % subjects.length];
      if (!subject) continue;
      const sample = await measure(subject, round);
      if (round > 0) samples[subject.name]?.push(sample);
    }
  }
  return samples;
}

/** Joins the metrics of the same routes and rounds. */
export function joinSamples(left: Samples, right: Samples): Samples {
  return Object.fromEntries(
    Object.entries(left).map(([name, rounds]) => [
      name,
      rounds.map((sample, i) => ({ ...sample, ...right[name]?.[i] })),
    ]),
  );
}

/** Returns the client options of a route: a proxied client sends the headers of a header-injecting proxy. */
export function clientOf(route: Route, sizes: MessageSizes): ClientOptions {
  return { port: route.port, sizes, proxied: route.proxy !== undefined };
}

/**
 * Measures the proxy's CPU time during `work`, in microseconds; undefined for the direct route.
 *
 * @param settleMs time after the work that is included
 */
export async function cpuDuring(
  { proxy }: Route,
  settleMs: number,
  work: () => Promise<void>,
): Promise<number | undefined> {
  const before = proxy?.cpu ?? 0;
  await work();
  if (!proxy) return undefined;
  await pause(settleMs);
  return proxy.cpu - before;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
