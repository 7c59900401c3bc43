import { authorityOf, type HostPort } from "../net/authority.ts";
import { Connections } from "../server/connections.ts";
import { listen, type ListenerHandlers } from "../server/listener.ts";
import { refuseResponse, refuseSocket } from "../server/refusal-response.ts";
import { notForAnybody, type Status } from "./status.ts";

/** Time for a header section, in ms: scrapers send one packet. */
const HEADERS_MS = 5_000;

/** The bound address of `--metrics-listen`. */
export type MetricsListener = Awaited<ReturnType<typeof listenForMetrics>>;

/**
 * Binds the address of `--metrics-listen`. It gives no access to the gateway, and what it serves is for everybody who can
 * connect: so neither peer nor Host is checked, and a page that gets there by DNS rebinding learns nothing secret.
 *
 * @throws the system's error if the address cannot be bound
 */
export async function listenForMetrics(
  at: HostPort,
  status: () => Promise<Status>,
  proxy: Pick<ListenerHandlers, "onAcceptError">,
) {
  // Its own: clients here cannot use up the connections of others. Without slots 64 are open at once, and the oldest is
  // closed for a new one.
  const connections = new Connections(0);
  const listener = await listen(at, {
    connections,
    headersMs: HEADERS_MS,
    handlers: {
      onRequest: (request, response) => {
        request.on("error", () => {});
        response.on("error", () => {});
        const responded = status().then((pages) => pages.respondToAnybody(request, response));
        responded
          .then((refusal) => refusal && refuseResponse(response, refusal))
          .catch(() => response.destroy());
      },
      onUpgrade: ({ url }, socket) => refuseSocket(socket, notForAnybody(url)),
      onPipelined: () => {},
      onUnreadable: (_socket, refusal) => refusal,
      onAcceptError: (error) => proxy.onAcceptError(error),
      onDropped: () => {},
      onConnectionClosed: () => {},
    },
  });
  return {
    address: authorityOf(listener),
    close: () => {
      listener.stop();
      connections.destroy();
    },
  };
}
