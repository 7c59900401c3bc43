import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "../../src/outcome/outcome.ts";
import { Child } from "./child.ts";
import type { Exit } from "./child.ts";
import { createHome } from "./home.ts";

/** A running bundle. */
export interface ShimProcess {
  readonly port: number;
  /** `ws://127.0.0.1:PORT`, or with the first address of `listen`. */
  readonly url: string;
  /** All output lines. */
  readonly log: readonly string[];
  /** Resolves with the outcome number `index` (0 is the first). */
  outcome(index?: number): Promise<Outcome>;
  /** Resolves with the log line number `index` (0 is the first) of that event that contains `about`. */
  event(name: string, about?: string, index?: number): Promise<object>;
  /** Sends SIGTERM. */
  stop(): Promise<Exit>;
  /** Kills it and removes its home. */
  close(): Promise<void>;
}

export interface ShimProcessOptions {
  /** Values of `--listen`; by default a free port of 127.0.0.1. If empty, the shim uses its own default. */
  readonly listen?: readonly string[];
  /** The network namespace to run it in. */
  readonly namespace?: string;
}

/** Path of the built command. */
export const BUNDLE = join(import.meta.dirname, "..", "..", "dist", "openclaw-shim.mjs");
const LISTENING_MS = 10_000;
const OUTCOME_MS = 30_000;

/**
 * Starts `dist/openclaw-shim.mjs run` on a free port, with an empty home and environment.
 * @throws Error if the bundle is not built, or with its output if it does not listen
 */
export async function startShimProcess(
  gatewayUrl: string,
  args: readonly string[] = [],
  { listen = ["127.0.0.1:0"], namespace }: ShimProcessOptions = {},
): Promise<ShimProcess> {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} is missing: run "npm run build" first`);
  const home = await createHome();
  const records: object[] = [];
  const listening = listen.flatMap((address) => ["--listen", address]);
  const child = new Child(
    {
      name: "openclaw-shim",
      command: [process.execPath, BUNDLE, "run", ...listening, "--gateway", gatewayUrl, ...args],
      env: { PATH: home.env["PATH"], HOME: home.path },
      cwd: home.path,
      namespace,
    },
    (line) => records.push(parseRecord(line)),
  );
  const event = (name: string, about = "", index = 0, deadlineMs = OUTCOME_MS): Promise<object> => {
    const isIt = (record: object): boolean =>
      "event" in record && record.event === name && JSON.stringify(record).includes(about);
    return child.until(`event "${name}" ${about}`, deadlineMs, () => records.filter(isIt)[index]);
  };
  const close = async (): Promise<void> => {
    await child.kill();
    await home.remove();
  };
  try {
    const address = firstAddress(await event("listening", "", 0, LISTENING_MS));
    return {
      port: Number(address.replace(/^.*:/, "")),
      url: `ws://${address}`,
      log: child.lines,
      outcome: (index = 0) =>
        child.until(`outcome ${index}`, OUTCOME_MS, () => records.filter(isOutcome)[index]),
      event,
      stop: () => child.stop(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Parses a log line; returns an empty object for other output, which is shown when a wait fails. */
function parseRecord(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function isOutcome(record: object): record is Outcome {
  return "event" in record && record.event === "pairing.outcome";
}

function firstAddress(line: object): string {
  const addresses: unknown = "addresses" in line ? line.addresses : undefined;
  const first: unknown = Array.isArray(addresses) ? addresses[0] : undefined;
  return String(first);
}
