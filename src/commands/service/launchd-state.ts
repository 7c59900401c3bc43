import type { Executor } from "./executor.ts";
import { findAgent } from "./launchd.ts";
import { LABEL } from "./places.ts";
import type { ServiceState } from "./service-state.ts";

/** What launchd says of the agent: launchctl(1), print. Its output is for people; these lines have been stable. */
export async function agentState(
  uid: number,
  listen: ServiceState["listen"],
  executor: Pick<Executor, "ask">,
): Promise<ServiceState> {
  const agent = await findAgent(uid, executor);
  const state = field(agent?.printed, "state") ?? "not loaded";
  const exit = field(agent?.printed, "last exit code");
  const pid = Number(field(agent?.printed, "pid"));
  return {
    name: `${LABEL}${agent ? ` (${agent.domain.name})` : ""}`,
    installed: agent !== undefined,
    running: state === "running",
    state: exit === undefined || state === "running" ? state : `${state}, last exit code ${exit}`,
    ...(pid > 0 && { pid }),
    listen,
  };
}

function field(printed: string | undefined, name: string): string | undefined {
  return new RegExp(`^\\s*${name} = (.+)$`, "m").exec(printed ?? "")?.[1];
}
