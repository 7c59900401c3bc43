import type { ClientOptions } from "./load/client.ts";
import type { Driver } from "./load/driver.ts";
import type { MessageSizes } from "./load/wire.ts";
import type { ProxyProgram } from "./proxies/program.ts";
import { RunningProxy } from "./proxies/running.ts";

/** What a row needs to be measured. */
export interface Bench {
  readonly driver: Driver;
  /** The columns after `direct`, the product first. */
  readonly programs: readonly ProxyProgram[];
  readonly rounds: number;
}

/** One way from the load generator to the gateway; without a proxy it is the direct one. */
export interface Way {
  readonly name: string;
  readonly port: number;
  readonly proxy?: RunningProxy;
}

/** What one measurement of one way brought: values by metric. */
export type Sample = Readonly<Record<string, number>>;

/** The samples of each way, one a round; those of the same round belong together. */
export type Samples = Readonly<Record<string, readonly Sample[]>>;

/** Starts the proxies, hands over all ways, and stops the proxies again whatever happens. */
export async function withWays<T>(bench: Bench, measure: (ways: readonly Way[]) => Promise<T>): Promise<T> {
  const proxies: RunningProxy[] = [];
  try {
    for (const program of bench.programs) {
      proxies.push(await RunningProxy.start(program, bench.driver.gatewayPort));
    }
    const direct: Way = { name: "direct", port: bench.driver.gatewayPort };
    return await measure([
      direct,
      ...proxies.map((proxy) => ({ name: proxy.name, port: proxy.port, proxy })),
    ]);
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  }
}

/**
 * Measures every subject once a round, next to each other in time. The first round is not kept: it is there to
 * warm caches and compilers. Each round begins with another subject, so that none is always first.
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

/** How clients come to the gateway on this way: behind a proxy, as from a header-injecting proxy. */
export function clientOf(way: Way, sizes: MessageSizes): ClientOptions {
  return { port: way.port, sizes, proxied: way.proxy !== undefined };
}

/**
 * The proxy's CPU time during some work, in microseconds; undefined on the direct way.
 *
 * @param settleMs what the proxy does so long after the work still counts
 */
export async function cpuDuring(
  { proxy }: Way,
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
