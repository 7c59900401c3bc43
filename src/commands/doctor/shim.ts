import { silentLogger } from "../../log/silent-logger.ts";
import type { ShimHealth } from "../../status/shim-client.ts";
import { reachableAt } from "../../net/authority.ts";
import type { Settings } from "../../settings/settings.ts";
import { openShim } from "../../shim.ts";
import type { Attempt } from "./attempt.ts";
import type { ShimFacts } from "./facts.ts";
import { findListeningProcess } from "./listening-process.ts";
import { findShim, recentOutcomes } from "./running-shim.ts";
import { showDevice, type Shown, type WayTools } from "./show-device.ts";

/** What the shim is looked at with. */
export interface ShimTools extends WayTools {
  readonly settings: Settings;
  /** The gateway took a connection: there is something to reach through the shim. */
  readonly connectable: boolean;
}

/** Looks for a shim where `--listen` says, and connects through it, or through one of its own where none runs. */
export async function exploreShim(tools: ShimTools): Promise<ShimFacts> {
  const { settings, deadline } = tools;
  let taken: Extract<ShimFacts, { state: "absent" }>["taken"];
  for (const listen of settings.listen.filter(({ port }) => port !== 0)) {
    const address = reachableAt(listen);
    const found = await findShim(address, deadline);
    if (found && "gateway" in found) return running(address, found, tools);
    if (found && !taken) {
      const by = findListeningProcess(listen.port);
      taken = { address, why: found.why, ...(by && { by }) };
    }
  }
  return { state: "absent", attempt: await throughOwn(tools), ...(taken && { taken }) };
}

async function running(
  address: string,
  { version, gateway: { reachable, reason = "unknown" } }: ShimHealth,
  tools: ShimTools,
): Promise<ShimFacts> {
  const shown = reachable ? await through(address, tools) : undefined;
  const outcomes = await recentOutcomes(address, tools.deadline);
  return {
    state: "running",
    address,
    version,
    unreachable: reachable ? undefined : reason,
    attempt: shown?.attempt,
    elsewhere: shown?.elsewhere ?? false,
    outcomes: outcomes.filter(({ byDoctor }) => !byDoctor),
  };
}

async function through(address: string, tools: ShimTools): Promise<Shown | undefined> {
  const { credential, connectable, deadline } = tools;
  if (!connectable || deadline.over) return undefined;
  return showDevice({ url: `ws://${address}` }, { credential }, tools);
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
  const shim = await openShim(settings, silentLogger());
  try {
    return (await through(shim.addresses[0] ?? "", tools))?.attempt;
  } finally {
    await shim.close();
  }
}
