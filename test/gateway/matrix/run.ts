import { connectOperator } from "../../support/operator.ts";
import type { GatewaySession } from "../../../src/openclaw/gateway-session.ts";
import { isRecord } from "../../../src/text/json.ts";
import type { Outcome } from "../../../src/outcome/outcome.ts";
import { attemptAll, word } from "./attempt.ts";
import type { Attempt } from "./attempt.ts";
import { INJECTED, REWRITTEN_HOST } from "./injected.ts";
import type { Injected } from "./injected.ts";
import { checkLines } from "./check-lines.ts";

/** The gateway that the matrix is run on: a real one, or the fake gateway. */
export interface MatrixGateway {
  readonly port: number;
  readonly token: string;
}

/** The shim in front of it: it vouches for the page's public address (`REWRITTEN_HOST`) and has reported nothing yet. */
export interface MatrixShim {
  readonly port: number;
  /** The outcome number `index`, as soon as it is there. */
  outcome(index: number): Promise<Outcome>;
}

/** How one handshake ended without the shim, and how through it. */
export interface Cell {
  readonly without: string;
  readonly through: string;
}

/** One row of the table: a cell for each of `CLIENTS`. */
export interface Row {
  readonly injected: Injected;
  /** What the header-injecting proxy made of Host; undefined where it left it. */
  readonly host: string | undefined;
  readonly cells: readonly Cell[];
}

export interface Matrix {
  readonly rows: readonly Row[];
  /** What is wrong with the outcome lines: nothing where there is exactly one right line for each handshake. */
  readonly problems: readonly string[];
}

interface Measured extends Pick<Row, "injected" | "host"> {
  readonly without: readonly Attempt[];
  readonly through: readonly Attempt[];
}

/**
 * Sends every client through a header-injecting proxy, for each header, with and without Host rewriting: to the gateway and to
 * the shim before it.
 * @throws Error when the gateway cannot be asked who is paired, or the shim does not report as often as it should
 */
export async function runMatrix({ port, token }: MatrixGateway, shim: MatrixShim): Promise<Matrix> {
  const buildId = await pageBuild(port);
  const measured: Measured[] = [];
  const paired = new Set<string>();
  const operator = await connectOperator(`ws://127.0.0.1:${port}`, token);
  try {
    for (const host of [undefined, REWRITTEN_HOST]) {
      for (const injected of INJECTED) {
        const way = { token, injected, host, buildId };
        const without = await attemptAll({ ...way, port });
        const through = await attemptAll({ ...way, port: shim.port });
        measured.push({ injected, host, without, through });
        // Asked at once: 2026.9 forgets a silently paired device when a later one like it is paired.
        for (const deviceId of await pairedDevices(operator)) paired.add(deviceId);
      }
    }
  } finally {
    await operator.close();
  }
  const attempts = measured.flatMap(({ through }) => through);
  // Had a client been reported twice, the line of this one would not be the last.
  const after = await connectOperator(`ws://127.0.0.1:${shim.port}`, token);
  await after.close();
  const outcomes = await Promise.all([...attempts, "last"].map((_, index) => shim.outcome(index)));
  const problems = checkLines(attempts, outcomes, port);
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
    return direct ? [{ without: word(direct, paired), through: word(attempt, paired) }] : [];
  });
}

/** The build that the gateway's own page is of, which it tells the gateway (OpenClaw `control-ui-root-assets`). */
export async function pageBuild(port: number): Promise<string | undefined> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  // The page's id is the build's with the hash of its assets.
  return /data-openclaw-control-ui-build-id="([^"]+?)(?:-[0-9a-f]{64})?"/.exec(await response.text())?.[1];
}

async function pairedDevices(operator: GatewaySession): Promise<string[]> {
  const list = await operator.request("device.pair.list");
  const paired: unknown = isRecord(list) ? list["paired"] : undefined;
  if (!Array.isArray(paired)) throw new Error(`device.pair.list answered ${JSON.stringify(list)}`);
  return paired.map((device: unknown) => String(isRecord(device) ? device["deviceId"] : ""));
}
