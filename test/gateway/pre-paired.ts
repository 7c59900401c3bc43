import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../../src/text/json.ts";
import { deviceFromPem } from "../../src/openclaw/device.ts";
import type { Device } from "../../src/openclaw/device.ts";
import { Child } from "./child.ts";
import { startGateway } from "./gateway.ts";
import type { Gateway, GatewayOptions } from "./gateway.ts";
import type { Home } from "./home.ts";
import type { OpenClaw } from "./openclaw.ts";

/** A gateway that was first started with a state directory of `openclaw-shim pre-pair`. */
export interface PrePairedGateway extends Gateway {
  /** The device identity that pre-pair has written. */
  readonly device: Device;
}

const BUNDLE = join(import.meta.dirname, "..", "..", "dist", "openclaw-shim.mjs");
const PRE_PAIR_MS = 10_000;

/** The exit code and output of `openclaw-shim pre-pair`. */
export interface PrePairRun {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the bundle's `pre-pair` in a home. */
export async function runPrePair(home: Home, args: readonly string[] = []): Promise<PrePairRun> {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} is missing: run "npm run build" first`);
  const child = new Child({
    name: "openclaw-shim pre-pair",
    command: [process.execPath, BUNDLE, "pre-pair", ...args],
    env: home.env,
    cwd: home.path,
  });
  const { code } = await child.exited(PRE_PAIR_MS);
  return { code, output: child.lines.join("\n") };
}

/** Runs pre-pair in a new home, then starts a gateway there. */
export async function startPrePairedGateway(
  openclaw: OpenClaw,
  prePairArgs: readonly string[],
  options: Omit<GatewayOptions, "prepare">,
): Promise<PrePairedGateway> {
  let device: Device | undefined;
  const gateway = await startGateway(openclaw, {
    ...options,
    prepare: async (home) => {
      const { code, output } = await runPrePair(home, prePairArgs);
      if (code !== 0) throw new Error(`pre-pair ended with ${code ?? "a signal"}: ${output}`);
      // Read before the first start, at which a gateway may move it into its own store.
      device = readDevice(join(home.path, ".openclaw", "identity", "device.json"));
    },
  });
  if (device === undefined) throw new Error("pre-pair was not run");
  return { ...gateway, device };
}

function readFields(path: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!isRecord(value)) throw new Error(`${path} is not a JSON object`);
  return value;
}

function readDevice(path: string): Device {
  const pem = readFields(path)["privateKeyPem"];
  if (typeof pem !== "string") throw new Error(`${path} holds no private key`);
  return deviceFromPem(pem);
}
