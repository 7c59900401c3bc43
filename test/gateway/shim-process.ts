import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "../../src/outcome/outcome.ts";
import { Child } from "./child.ts";
import type { Exit } from "./child.ts";
import { createHome } from "./home.ts";

/** The bundle, running as a user runs it. */
export interface ShimProcess {
  readonly port: number;
  /** `ws://127.0.0.1:PORT`, or as `listen` has it. */
  readonly url: string;
  /** Everything it printed. */
  readonly log: readonly string[];
  /** The outcome number `index` since the start (0 is the first), as soon as it is there. */
  outcome(index?: number): Promise<Outcome>;
  /** Resolves with the line number `index` (0 is the first) that it logs of that event and that holds `about`. */
  event(name: string, about?: string, index?: number): Promise<object>;
  /** Asks it to end. */
  stop(): Promise<Exit>;
  /** Ends it and removes its home. */
  close(): Promise<void>;
}

export interface ShimProcessOptions {
  /** Where it listens: a free port of 127.0.0.1 unless told; none at all leaves its own default. */
  readonly listen?: readonly string[];
  /** The network namespace to run it in. */
  readonly namespace?: string;
}

/** The command, as `npm run build` made it. */
export const BUNDLE = join(import.meta.dirname, "..", "..", "dist", "openclaw-shim.mjs");
const LISTENING_MS = 10_000;
const OUTCOME_MS = 30_000;

/**
 * Starts `dist/openclaw-shim.mjs run` on a free port, with an empty home and environment.
 * @throws Error when the bundle is not built, or with its output when it does not listen
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

/** Anything else that it prints shows in the log of a wait that fails. */
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
