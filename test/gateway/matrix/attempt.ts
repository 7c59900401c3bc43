import { handshake, type HandshakeResult } from "../../support/client.ts";
import { createDevice } from "../../../src/openclaw/device.ts";
import { startInjectingProxy } from "../../support/header-injecting-proxy.ts";
import { CLIENTS } from "./clients.ts";
import type { MatrixClient, Page } from "./clients.ts";
import type { Injected } from "./injected.ts";

/** The way that one row's clients take. */
export interface Way {
  /** What the header-injecting proxy passes on to: the gateway, or the shim. */
  readonly port: number;
  readonly token: string;
  readonly injected: Injected;
  /** What the header-injecting proxy makes of Host; undefined leaves it. */
  readonly host: string | undefined;
  readonly buildId: string | undefined;
}

/** One handshake, and how it went for the client. */
export interface Attempt {
  readonly way: Way;
  readonly client: MatrixClient;
  readonly page: Page;
  readonly deviceId: string;
  readonly result: HandshakeResult;
}

/** Sends each client, as a fresh device, through a header-injecting proxy that injects the row's headers. */
export async function attemptAll(way: Way): Promise<Attempt[]> {
  const proxy = await startInjectingProxy({
    target: { host: "127.0.0.1", port: way.port },
    headers: way.injected.headers,
    ...(way.host === undefined ? {} : { host: way.host }),
  });
  // A proxy that does not change Host is one that the client does not know: it addresses what is behind.
  const authority = `127.0.0.1:${way.port}`;
  const origin = way.host === undefined ? `http://${authority}` : `https://${way.host}`;
  const page: Page = { origin, buildId: way.buildId };
  try {
    return await Promise.all(
      CLIENTS.map(async (client) => {
        const device = createDevice();
        const result = await handshake({
          url: proxy.url,
          token: way.token,
          device,
          headers: { Host: authority },
          ...client.connect(page),
        });
        return { way, client, page, deviceId: device.id, result };
      }),
    );
  } finally {
    await proxy.close();
  }
}

/** How an attempt ended, in one or two words for the table. */
export function word({ result, deviceId }: Attempt, paired: ReadonlySet<string>): string {
  if (result.ok) return paired.has(deviceId) ? "paired" : "ok";
  const { http, close, error, failure } = result;
  if (http) return String(http.status);
  if (!close) return failure ?? "no answer";
  if (error?.code === "NOT_PAIRED") return String(close.code);
  const why = /^[a-z]+/i.exec(error?.message ?? close.reason)?.[0] ?? "";
  return `${close.code} ${why}`.trim();
}
