import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { HandshakeResult } from "../../support/client.ts";
import type { Machine } from "./machine.ts";
import { CLIENT, DOWNLOADED, TOKEN } from "./scripts.ts";

/** The shim's unit. */
export const UNIT = "openclaw-shim.service";
/** Its socket. */
export const SOCKET = "openclaw-shim.socket";
/** Its default address, for tools. */
export const URL = "ws://127.0.0.1:18788";

const UNTIL_MS = 20_000;
const CHECK_MS = 50;

type As = "root" | "user";

/** Runs the downloaded `openclaw-shim`. @returns its stdout @throws Error if it fails */
export function shim(machine: Machine, args: readonly string[], as: As = "root"): Promise<string> {
  return machine.run(["/usr/bin/node", DOWNLOADED, ...args], as);
}

/** Starts the gateway, and waits until it listens. */
export async function startGateway(machine: Machine): Promise<void> {
  await machine.run(["systemctl", "start", "openclaw-gateway"]);
  await until(
    () => machine.attempt(["bash", "-c", ": < /dev/tcp/127.0.0.1/18789"]),
    ({ code }) => code === 0,
  );
}

/** Connects one OpenClaw client through the shim. */
export async function connect(machine: Machine, url: string = URL): Promise<HandshakeResult> {
  return JSON.parse(await machine.run(["/usr/bin/node", CLIENT, "connect", url, TOKEN])) as HandshakeResult;
}

/** A client that keeps running (inside/client.ts). */
export interface LongClient {
  /** Resolves with the next line of its output, parsed as JSON. */
  next(): Promise<unknown>;
  /** Writes a line to it. */
  write(line: string): void;
  /** Ends its input. */
  end(): void;
}

/** Starts a client that keeps running. */
export function client(machine: Machine, mode: "load" | "stay", url: string = URL): LongClient {
  const child = machine.start(["/usr/bin/node", CLIENT, mode, url, TOKEN]);
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error("no pipes");
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { value } = (await lines.next()) as IteratorResult<string, undefined>;
      if (value === undefined)
        throw new Error(`the client ended with ${(await once(child, "exit")).join(" ")}`);
      return JSON.parse(value) as unknown;
    },
    write: (line) => void stdin.write(`${line}\n`),
    end: () => void stdin.end(),
  };
}

/** Returns what the unit logged, oldest first: journalctl(1), --output=json. */
export async function journal(machine: Machine, as: As = "root"): Promise<readonly string[]> {
  await machine.run(["journalctl", "--sync"]);
  const unit = as === "root" ? `_SYSTEMD_UNIT=${UNIT}` : `_SYSTEMD_USER_UNIT=${UNIT}`;
  const lines = await machine.run(["journalctl", "--boot", "--output=json", unit, "_TRANSPORT=stdout"]);
  return lines
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { readonly MESSAGE: string }).MESSAGE);
}

/** Returns one property of a unit: systemctl(1), show. */
export async function property(
  machine: Machine,
  name: string,
  unit: string = UNIT,
  as: As = "root",
): Promise<string> {
  const user = as === "user" ? ["--user"] : [];
  return (
    await machine.run(["systemctl", ...user, "show", "--value", `--property=${name}`, unit], as)
  ).trim();
}

/** Waits until a condition holds. @throws Error with the last result */
export async function until<T>(find: () => Promise<T>, holds: (found: T) => boolean): Promise<T> {
  const deadline = performance.now() + UNTIL_MS;
  for (;;) {
    const found = await find();
    if (holds(found)) return found;
    if (performance.now() > deadline) throw new Error(`timed out; last: ${JSON.stringify(found)}`);
    await sleep(CHECK_MS);
  }
}
