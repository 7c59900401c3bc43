import {
  cpuDuring,
  interleave,
  joinSamples,
  withRoutes,
  type Bench,
  type Route,
  type Sample,
  type Samples,
} from "../rounds.ts";
import type { Metric, Row } from "./row.ts";

interface Kind {
  readonly key: string;
  readonly label: string;
  readonly target: string;
  /** Bytes of the request's body. */
  readonly body?: number;
  readonly requests: number;
  /** The goal for CPU, as a ratio to nginx. */
  readonly cpu?: number;
}

const KINDS: readonly Kind[] = [
  { key: "small", label: "GET 200 B", target: "/bytes/200", requests: 12_000, cpu: 4 },
  { key: "large", label: "GET 100 kB", target: "/bytes/100000", requests: 3_000, cpu: 2.2 },
  { key: "post", label: "POST 10 kB", target: "/bytes/200", body: 10_000, requests: 4_000 },
];
const CONNECTIONS = 8;
const SETTLE_MS = 100;
const STREAM = "/events/25";
const STREAMS = 10;
const NGINX = ["nginx"];

const METRICS: readonly Metric[] = [
  ...KINDS.flatMap(({ key, label, cpu }): Metric[] => [
    {
      key: `${key}Rate`,
      label,
      unit: "1/s",
      digits: 0,
      better: "higher",
      references: NGINX,
      goal: 0.5,
    },
    {
      key: `${key}Cpu`,
      label: `${label}, CPU per request`,
      unit: "us",
      digits: 0,
      better: "lower",
      references: NGINX,
      ...(cpu !== undefined && { goal: cpu }),
    },
  ]),
  streamed("firstByte", "streamed response, first byte"),
  streamed("event", "streamed response, event p50"),
  { ...streamed("event99", "streamed response, event p99"), detail: true },
];

/** Plain HTTP over eight keep-alive connections, and streams of 25 events of 200 bytes, one every 2 ms. */
export const http: Row = {
  name: "http",
  about: "plain HTTP: requests per second and their CPU, and the delay of streamed events",
  async run(bench) {
    const samples = await withRoutes(bench, async (routes) => {
      const all: Samples[] = [];
      for (const kind of KINDS) {
        all.push(await interleave(routes, bench.rounds, (route) => measure(bench, route, kind)));
      }
      all.push(await interleave(routes, bench.rounds, (route) => measureStreams(bench, route)));
      return all.reduce(joinSamples);
    });
    return { row: "http", metrics: METRICS, samples };
  },
};

async function measure({ driver }: Bench, route: Route, kind: Kind): Promise<Sample> {
  const { key, requests, target, body } = kind;
  const request = { ...clientOf(route, target), ...(body !== undefined && { body }) };
  let ms = NaN;
  const cpu = await cpuDuring(route, SETTLE_MS, async () => {
    ({ ms } = await driver.requests(request, requests, CONNECTIONS));
  });
  return {
    [`${key}Rate`]: requests / (ms / 1000),
    ...(cpu !== undefined && { [`${key}Cpu`]: cpu / requests }),
  };
}

async function measureStreams({ driver }: Bench, route: Route): Promise<Sample> {
  const { firstByte = NaN, p50 = NaN, p99 = NaN } = await driver.streams(clientOf(route, STREAM), STREAMS);
  return { firstByte: firstByte * 1000, event: p50 * 1000, event99: p99 * 1000 };
}

function clientOf(
  { port, proxy }: Route,
  target: string,
): { port: number; proxied: boolean; target: string } {
  return { port, target, proxied: proxy !== undefined };
}

function streamed(key: string, label: string): Metric {
  return { key, label, unit: "us", digits: 0, better: "lower", references: NGINX };
}
