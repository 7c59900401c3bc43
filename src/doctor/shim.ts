import { pino } from "pino";
import type { Settings } from "../settings/settings.ts";
import { openShim } from "../shim.ts";
import type { Attempt } from "./attempt.ts";
import { connectAs } from "./connect.ts";
import type { Credential } from "./credential.ts";
import type { Deadline } from "./deadline.ts";
import type { ShimFacts } from "./facts.ts";
import { findListeningProcess } from "./listening-process.ts";
import { findListener, reachableAt, recentOutcomes } from "./running-shim.ts";
import type { Operator, TestDevices } from "./test-devices.ts";

/** What the shim is looked at with. */
export interface ShimTools {
  readonly settings: Settings;
  readonly credential: Credential;
  readonly devices: TestDevices;
  /** Without one, no device is shown through the shim: it could not be removed. */
  readonly operator: Operator | undefined;
  /** The gateway took a connection: there is something to reach through the shim. */
  readonly connectable: boolean;
  readonly deadline: Deadline;
}

const HANDSHAKE_MS = 4_000;

/** Looks for a shim where `--listen` says, and connects through it, or through one of its own where none runs. */
export async function exploreShim(tools: ShimTools): Promise<ShimFacts> {
  const { settings, deadline } = tools;
  let taken: Extract<ShimFacts, { state: "absent" }>["taken"];
  for (const listen of settings.listen.filter(({ port }) => port !== 0)) {
    const address = reachableAt(listen);
    const found = await findListener(address, deadline);
    if (found.state === "shim") {
      const { version, unreachable } = found;
      const attempt = unreachable === undefined ? await through(address, tools) : undefined;
      const outcomes = await recentOutcomes(address, deadline);
      return {
        state: "running",
        address,
        version,
        unreachable,
        attempt,
        outcomes: outcomes.filter(({ byDoctor }) => !byDoctor),
      };
    }
    const by = found.state === "other" ? findListeningProcess(listen.port) : undefined;
    if (found.state === "other") taken ??= { address, why: found.why, ...(by && { by }) };
  }
  return { state: "absent", attempt: await throughOwn(tools), ...(taken && { taken }) };
}

async function through(address: string, tools: ShimTools): Promise<Attempt | undefined> {
  const { credential, devices, operator, connectable, deadline } = tools;
  if (!connectable || deadline.over) return undefined;
  const device = operator && devices.make();
  const { attempt, session } = await connectAs(
    { url: `ws://${address}` },
    { credential, ...(device && { device }) },
    deadline.within(HANDSHAKE_MS),
  );
  await session?.close();
  if (device) devices.note(device, attempt);
  return attempt;
}

/** A shim on a free port of 127.0.0.1, silent, that approves nothing and is gone again. */
async function throughOwn(tools: ShimTools): Promise<Attempt | undefined> {
  if (!tools.connectable || tools.deadline.over) return undefined;
  const settings: Settings = {
    ...tools.settings,
    listen: [{ host: "127.0.0.1", port: 0 }],
    approve: "off",
    holdMs: 0,
    drainMs: 0,
  };
  const shim = await openShim(settings, pino({ level: "silent" }));
  try {
    return await through(shim.addresses[0] ?? "", tools);
  } finally {
    await shim.close();
  }
}
