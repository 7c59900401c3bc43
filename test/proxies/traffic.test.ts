import { expect, it, onTestFinished } from "vitest";
import { startShimProcess } from "../gateway/shim-process.ts";
import { HOST, PROXIES, type ReverseProxy, type Variant } from "./proxies.ts";
import { trafficUnlikeRecorded, updateTraffic, type Traffic } from "./record.ts";
import { startStreamGateway } from "./stream-gateway.ts";
import { bigMessage, download, fieldsThrough, pausedEvents, pausedWebSocket, type Path } from "./traffic.ts";

/** Ten minutes, with silences just beyond the timeouts of a minute and of six that these programs have. */
const LONG = process.env["UPDATE"] === "1" || process.env["PROXY_MINUTES"] === "10";
const PAUSES = LONG ? [70, 370, ...Array.from({ length: 16 }, () => 10)] : [5];
const SILENCES = LONG ? [70, 370] : [5];
/** Fields that tell nothing of the client: an encoding that Caddy understands, and the number of a request. */
const NEUTRAL = new Set(["accept-encoding", "x-varnish"]);
const TEN_MINUTES = "10 min";

it(
  "passes through each proxy and the shim: long connections, big messages, events, downloads",
  { timeout: 900_000 },
  async () => {
    const gateway = await startStreamGateway();
    const url = `ws://127.0.0.1:${gateway.port}`;
    const shim = await startShimProcess(url, ["--allow-host", HOST]);
    onTestFinished(() => shim.close());
    const direct = await fieldsThrough({ port: gateway.port, host: HOST, gateway });
    const cleaned = await fieldsThrough({ port: shim.port, host: HOST, gateway });

    const opened = async (proxy: ReverseProxy, target: number, variant: Variant): Promise<Path> => {
      const port = await proxy.start(target, variant);
      return { port, host: proxy.host(port), gateway };
    };
    const running: Promise<Traffic>[] = [];
    for (const proxy of PROXIES) {
      const bare = await opened(proxy, gateway.port, "documented");
      const added = await fieldsThrough(bare);
      const adds = added.names.filter((name) => !direct.names.includes(name));
      const documented = await opened(proxy, shim.port, "documented");
      const fixed = await opened(proxy, shim.port, "fixed");

      const received = await fieldsThrough(fixed);
      const names = received.names.filter((name) => !NEUTRAL.has(name));
      expect({ ...received, names }, proxy.name).toStrictEqual(cleaned);

      // One after the other: each uses the memory and the processor for itself.
      const both = async (see: (path: Path) => Promise<string>): Promise<string> =>
        `${await see(documented)} → ${await see(fixed)}`;
      const message = await both(bigMessage);
      const content = await both(download);
      running.push(
        Promise.all([
          pausedWebSocket(documented, PAUSES, TEN_MINUTES),
          pausedWebSocket(fixed, PAUSES, TEN_MINUTES),
          pausedEvents(documented, SILENCES, "passes"),
          pausedEvents(fixed, SILENCES, "passes"),
        ]).then(([socketBefore, socket, eventsBefore, events]) => ({
          proxy: proxy.name,
          adds,
          host: added.host === bare.host ? "as sent" : "its backend's",
          message,
          socket: `${socketBefore} → ${socket}`,
          events: `${eventsBefore} → ${events}`,
          download: content,
        })),
      );
    }
    const seen = await Promise.all(running);
    if (process.env["UPDATE"] === "1") updateTraffic(seen);

    for (const { proxy, ...cells } of seen) {
      const fixed = [cells.message, cells.socket, cells.events, cells.download].map(
        (cell) => cell.split(" → ")[1],
      );
      expect(fixed, proxy).toEqual(["passes", TEN_MINUTES, "passes", "passes"]);
    }
    expect(trafficUnlikeRecorded(seen, LONG)).toEqual([]);
  },
);
