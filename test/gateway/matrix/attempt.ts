import { handshake, type HandshakeResult } from "../../support/client.ts";
import { createDevice } from "../../../src/openclaw/device.ts";
import { startInjectingProxy } from "../../support/header-injecting-proxy.ts";
import { CLIENTS } from "./clients.ts";
import type { MatrixClient, Page } from "./clients.ts";
import type { Injected } from "./injected.ts";

/** The route of one row's clients. */
export interface Route {
  /** The port that the header-injecting proxy forwards to: of the gateway or the shim. */
  readonly port: number;
  readonly token: string;
  readonly injected: Injected;
  /** The Host that the header-injecting proxy sets; if undefined, it does not change Host. */
  readonly host: string | undefined;
  readonly buildId: string | undefined;
}

/** One handshake and its result. */
export interface Attempt {
  readonly route: Route;
  readonly client: MatrixClient;
  readonly page: Page;
  readonly deviceId: string;
  readonly result: HandshakeResult;
}

/** Connects each client with a new device through a header-injecting proxy with the row's headers. */
export async function attemptAll(route: Route): Promise<Attempt[]> {
  const proxy = await startInjectingProxy({
    target: { host: "127.0.0.1", port: route.port },
    headers: route.injected.headers,
    ...(route.host === undefined ? {} : { host: route.host }),
  });
  // If the proxy does not change Host, the client sends the authority of the server behind it.
  const authority = `127.0.0.1:${route.port}`;
  const origin = route.host === undefined ? `http://${authority}` : `https://${route.host}`;
  const page: Page = { origin, buildId: route.buildId };
  try {
    return await Promise.all(
      CLIENTS.map(async (client) => {
        const device = createDevice();
        const result = await handshake({
          url: proxy.url,
          token: route.token,
          device,
          headers: { Host: authority },
          ...client.connect(page),
        });
        return { route, client, page, deviceId: device.id, result };
      }),
    );
  } finally {
    await proxy.close();
  }
}

/** Returns the result of an attempt in one or two words, for the table. */
export function resultText(
  { result, deviceId }: Pick<Attempt, "result" | "deviceId">,
  paired: ReadonlySet<string>,
): string {
  if (result.ok) return paired.has(deviceId) ? "paired" : "ok";
  const { http, close, error, failure } = result;
  if (http) return String(http.status);
  if (!close) return failure ?? "no response";
  if (error?.code === "NOT_PAIRED") return String(close.code);
  const reason = /^[a-z]+/i.exec(error?.message ?? close.reason)?.[0] ?? "";
  return `${close.code} ${reason}`.trim();
}
