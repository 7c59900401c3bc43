// Clients that add a cron job each, ask for the list of jobs every second, and connect again and again. Runs with the
// options in CLIENTS (JSON), and prints each report as one line of JSON.
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { createDevice } from "../../../src/openclaw/device.ts";
import type { GatewaySession } from "../../../src/openclaw/gateway-session.ts";
import { handshake, type HandshakeResult } from "../../support/client.ts";

/** What these clients do. */
export interface ClientsOptions {
  readonly clients: number;
  readonly url: string;
  readonly token: string;
  /** Milliseconds since 1970. Each client ends after it with a connection that was not lost. */
  readonly end: number;
}

/** A try to connect, or the end of a connection. Times are milliseconds since 1970. */
export type ClientReport =
  | {
      readonly about: "attempt";
      readonly at: number;
      /** On the shim's lines about it. */
      readonly traceId: string;
      /** How far it got; `read`: it got a response, but no session. */
      readonly reached: "no listener" | "a listener" | "read" | "connected";
      readonly failure: string;
    }
  | {
      readonly about: "connection";
      readonly at: number;
      readonly client: number;
      /** The other side ended it. */
      readonly lost: boolean;
      readonly requests: number;
      /** Why requests failed while the connection stayed open. */
      readonly failures: readonly string[];
    };

/** A client closes its connection after this time. */
const STAY_MS = [10_000, 40_000] as const;
const BACKOFF_MS = 500;
const REQUEST_EVERY_MS = 1_000;
/** For a busy machine; more than the shim holds a request for a gateway that is not up. */
const HANDSHAKE_MS = 60_000;
const SCOPES = ["operator.admin", "operator.read", "operator.write"];
const JOB = {
  schedule: { kind: "every", everyMs: 60_000 },
  sessionTarget: "main",
  wakeMode: "next-heartbeat",
  payload: { kind: "systemEvent", text: "soak" },
};

const { clients, url, token, end } = JSON.parse(process.env["CLIENTS"] ?? "") as ClientsOptions;

function report(one: ClientReport): void {
  process.stdout.write(`${JSON.stringify(one)}\n`);
}

function reached(result: HandshakeResult): Extract<ClientReport, { reached: unknown }>["reached"] {
  if (result.ok) return "connected";
  if (result.headers) return "read";
  return result.failureCode === "ECONNREFUSED" ? "no listener" : "a listener";
}

function failureOf(result: HandshakeResult): string {
  if (result.ok) return "";
  const { failure, error, http, close } = result;
  return failure ?? error?.code ?? `${http?.status ?? close?.code}`;
}

/** Sends a request each second, until the connection is lost or it is time to connect again. */
async function use(session: GatewaySession, client: number): Promise<{ readonly lost: boolean }> {
  const [least, most] = STAY_MS;
  const leave = Math.min(end, Date.now() + least + Math.random() * (most - least));
  const failures: string[] = [];
  let requests = 0;
  while (Date.now() < leave && session.closeCode === undefined) {
    await session.request("cron.list").then(
      () => (requests += 1),
      ({ message }: Error) => session.closeCode === undefined && failures.push(message),
    );
    await wait(REQUEST_EVERY_MS);
  }
  const lost = session.closeCode !== undefined;
  report({ about: "connection", at: Date.now(), client, lost, requests, failures });
  await session.close();
  return { lost };
}

async function run(client: number): Promise<void> {
  const device = createDevice();
  let hasJob = false;
  let lost = true;
  while (Date.now() < end || lost) {
    const traceId = randomBytes(16).toString("hex");
    const headers = { traceparent: `00-${traceId}-0123456789abcdef-00` };
    const options = { url, token, device, scopes: SCOPES, headers, timeoutMs: HANDSHAKE_MS, keepOpen: true };
    const result = await handshake(options);
    report({
      about: "attempt",
      at: Date.now(),
      traceId,
      reached: reached(result),
      failure: failureOf(result),
    });
    if (!result.ok || !result.session) {
      lost = true;
      await wait(BACKOFF_MS);
      continue;
    }
    hasJob ||= await result.session.request("cron.add", { name: `job ${client}`, ...JOB }).then(
      () => true,
      () => false,
    );
    ({ lost } = await use(result.session, client));
  }
}

await Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
