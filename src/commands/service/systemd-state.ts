import { listenAddress } from "../../settings/addresses.ts";
import type { ListenAddress } from "../../settings/settings.ts";
import type { Executor } from "./executor.ts";
import { UNITS, type SystemdPlaces } from "./places.ts";
import type { ServiceState } from "./service-state.ts";
import { systemctl } from "./systemd.ts";

/** What systemd says of the units: systemctl(1), show. */
export async function unitState(
  places: SystemdPlaces,
  executor: Pick<Executor, "ask">,
): Promise<ServiceState> {
  const service = await show(places, UNITS.service, executor);
  const socket = await show(places, UNITS.socket, executor);
  const pid = Number(service.get("MainPID"));
  return {
    name: `${UNITS.service} (${places.scope})`,
    installed: service.get("LoadState") === "loaded",
    running: service.get("ActiveState") === "active",
    state: words(service),
    socket: words(socket),
    enabled: service.get("UnitFileState") === "enabled",
    ...(pid > 0 && { pid }),
    listen: [...(socket.get("Listen") ?? "").matchAll(/(\S+) \(Stream\)/g)].flatMap(([, text = ""]) =>
      address(text),
    ),
  };
}

function address(text: string): ListenAddress[] {
  const parsed = listenAddress(text);
  return "value" in parsed ? [parsed.value] : [];
}

function words(unit: ReadonlyMap<string, string>): string {
  const result = unit.get("Result");
  const state = `${unit.get("ActiveState") ?? "unknown"} (${unit.get("SubState") ?? "unknown"})`;
  return result === undefined || result === "success" ? state : `${state}, ${result}`;
}

async function show(
  places: SystemdPlaces,
  unit: string,
  executor: Pick<Executor, "ask">,
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await executor.ask(systemctl(places, "show", unit));
  const properties = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
    // A socket unit has one line for each address.
    properties.set(name, properties.has(name) ? `${properties.get(name)} ${value}` : value);
  }
  return properties;
}
