import { listenAddress } from "../../settings/parsers.ts";
import { lastStderrLine, runCommand } from "./operations.ts";
import { NAME } from "./service-settings.ts";

// The names of the service's units.
export const SOCKET = `${NAME}.socket`;
export const SERVICE = `${NAME}.service`;

/** How to reach one systemd: the machine's or a user's. */
interface Manager {
  readonly systemctl: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Returns the state of the service: what systemd knows of its units, and why it failed. */
export async function unitState(scope: Manager & { readonly system: boolean }) {
  const [socket, service] = await showUnits(scope);
  const pid = service.property("ExecMainPID") ?? "0";
  const hasFailed = service.hasFailed && pid !== "0";
  const field = scope.system ? "_SYSTEMD_UNIT" : "_SYSTEMD_USER_UNIT";
  const log = ["journalctl", "--boot", "--quiet", "--output=cat", `${field}=${SERVICE}`, `_PID=${pid}`];
  // One line for each address.
  const addresses = [...socket.text.matchAll(/^Listen=(\S+) \(Stream\)$/gm)];
  return {
    name: `${SERVICE} (${scope.system ? "system" : "user"})`,
    system: scope.system,
    installed: service.property("LoadState") === "loaded",
    running: service.isActive,
    state: service.state,
    lastError: hasFailed ? lastStderrLine((await runCommand(log, scope.env)).stdout) : undefined,
    socket: socket.state,
    enabled: service.isEnabled,
    pid: Number(service.property("MainPID")) || undefined,
    listen: addresses.flatMap(([, text = ""]) => {
      const parsed = listenAddress(text);
      return "value" in parsed ? [parsed.value] : [];
    }),
  };
}

/** Reads `systemctl show` of both units: a block of lines for each, with an empty line between (systemctl(1)). */
export async function showUnits({ systemctl, env }: Manager) {
  const { stdout } = await runCommand([...systemctl, "show", SOCKET, SERVICE], env);
  const [socket = "", service = ""] = stdout.split("\n\n");
  return [unitOf(socket), unitOf(service)] as const;
}

function unitOf(text: string) {
  const property = (name: string): string | undefined => new RegExp(`^${name}=(.+)$`, "m").exec(text)?.[1];
  const [active = "unknown", sub = "unknown"] = [property("ActiveState"), property("SubState")];
  const result = property("Result") ?? "success";
  const hasFailed = result !== "success";
  const state = `${active} (${sub})${hasFailed ? `, ${result}` : ""}`;
  const isEnabled = property("UnitFileState") === "enabled";
  return { text, property, state, hasFailed, isEnabled, isActive: active === "active" };
}
