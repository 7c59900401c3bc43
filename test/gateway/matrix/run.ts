import { handshake } from "../../support/client.ts";
import { connectOperator } from "../../support/operator.ts";
import type { GatewaySession } from "../../../src/openclaw/gateway-session.ts";
import { fieldsOf, isRecord } from "../../../src/text/json.ts";
import type { Outcome } from "../../../src/outcome/outcome.ts";
import { attemptAll, resultText } from "./attempt.ts";
import type { Attempt } from "./attempt.ts";
import { INJECTED, REWRITTEN_HOST } from "./injected.ts";
import type { Injected } from "./injected.ts";
import { checkLines } from "./check-lines.ts";

/** A gateway to test: real or fake. */
export interface MatrixGateway {
  readonly port: number;
  readonly token: string;
}

/** A shim in front of it that allows the page's origin (`REWRITTEN_HOST`) and has no outcomes yet. */
export interface MatrixShim {
  readonly port: number;
  /** Resolves with the outcome number `index`. */
  outcome(index: number): Promise<Outcome>;
}

/** The results of one handshake without and through the shim. */
export interface Cell {
  readonly without: string;
  readonly through: string;
}

/** One row of the table: a cell for each of `CLIENTS`. */
export interface Row {
  readonly injected: Injected;
  /** The Host that the header-injecting proxy set; undefined if it did not change Host. */
  readonly host: string | undefined;
  readonly cells: readonly Cell[];
}

export interface Matrix {
  readonly rows: readonly Row[];
  /** Problems of the outcome lines; empty if each handshake has exactly one expected line. At most a few. */
  readonly problems: readonly string[];
}

/** One mistake causes hundreds of problems. */
const PROBLEM_LIMIT = 5;
const SETTLED_MS = 60_000;

interface Measured extends Pick<Row, "injected" | "host"> {
  readonly without: readonly Attempt[];
  readonly through: readonly Attempt[];
}

/**
 * Connects every client through a header-injecting proxy, for each header, with and without Host rewriting: to the gateway
 * and to the shim in front of it.
 * @throws Error if the gateway does not list its devices, or an outcome is missing
 */
export async function runMatrix({ port, token }: MatrixGateway, shim: MatrixShim): Promise<Matrix> {
  const buildId = await pageBuild({ port, token });
  const measured: Measured[] = [];
  const paired = new Set<string>();
  const operator = await connectOperator(`ws://127.0.0.1:${port}`, token);
  try {
    for (const host of [undefined, REWRITTEN_HOST]) {
      for (const injected of INJECTED) {
        const route = { token, injected, host, buildId };
        const without = await attemptAll({ ...route, port });
        const through = await attemptAll({ ...route, port: shim.port });
        measured.push({ injected, host, without, through });
        // Read now: 2026.9 removes a silently paired device when a similar one is paired later.
        for (const deviceId of await pairedDevices(operator)) paired.add(deviceId);
      }
    }
  } finally {
    await operator.close();
  }
  const attempts = measured.flatMap(({ through }) => through);
  // One more connection: if an outcome were reported twice, its line would not be the last.
  const after = await connectOperator(`ws://127.0.0.1:${shim.port}`, token);
  await after.close();
  const outcomes = await Promise.all([...attempts, "last"].map((_, index) => shim.outcome(index)));
  const problems = checkLines(attempts, outcomes, port).slice(0, PROBLEM_LIMIT);
  const last = outcomes.at(-1);
  if (attempts.some(({ deviceId }) => deviceId === last?.deviceId))
    problems.push("more lines than handshakes");
  const rows = measured.map(({ injected, host, without, through }) => ({
    injected,
    host,
    cells: pairs(without, through, paired),
  }));
  return { rows, problems };
}

function pairs(
  without: readonly Attempt[],
  through: readonly Attempt[],
  paired: ReadonlySet<string>,
): Cell[] {
  return through.flatMap((attempt, column) => {
    const direct = without[column];
    return direct ? [{ without: resultText(direct, paired), through: resultText(attempt, paired) }] : [];
  });
}

/** Returns the build id that the gateway's own page sends; undefined before 2026.8. @throws Error if it refuses a CLI */
export async function pageBuild({ port, token }: MatrixGateway): Promise<string | undefined> {
  // Some releases load plugins after they have logged that they are ready.
  const result = await handshake({ url: `ws://127.0.0.1:${port}`, token, timeoutMs: SETTLED_MS });
  if (!result.ok) throw new Error(`no build id: ${JSON.stringify(result)}`);
  const { buildId } = fieldsOf(result.hello["server"]);
  return typeof buildId === "string" ? buildId : undefined;
}

/** Returns the ids of the paired devices. @throws Error if the gateway does not list them */
export async function pairedDevices(operator: GatewaySession): Promise<string[]> {
  const list = await operator.request("device.pair.list");
  const paired: unknown = isRecord(list) ? list["paired"] : undefined;
  if (!Array.isArray(paired)) throw new Error(`device.pair.list returned ${JSON.stringify(list)}`);
  return paired.map((device: unknown) => String(isRecord(device) ? device["deviceId"] : ""));
}
