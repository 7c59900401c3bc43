import { withAdvice, type Advice } from "../text/advice.ts";
import { authorityOf, reachableAt, type HostPort } from "../net/authority.ts";
import { gatewayAddress } from "../settings/parsers.ts";
import type { Settings } from "../settings/settings.ts";
import { SettingsError } from "../settings/settings-error.ts";
import { NO_IPV6 } from "../server/bind.ts";
import { isShim } from "../status/shim-client.ts";
import { printable } from "../text/printable.ts";
import { createDialer } from "../upstream/dial.ts";
import { probeGateway } from "../upstream/gateway-probe.ts";
import { findListeningProcess, listeningUser, type ListeningProcess } from "./doctor/listening-process.ts";
import { reservedRange } from "./doctor/windows-ports.ts";
import { findService } from "./service/find-service.ts";

/** For a response of what listens at the address, on this machine. */
const PROBE_MS = 1_000;
const FIXES: ReadonlyMap<string, string> = new Map([
  ["EADDRNOTAVAIL", "this machine has no such address"],
  ["EACCES", "ports below 1024 need a privilege"],
]);
/** Commands that show which program listens on a port. */
const LISTS: Readonly<Record<string, string>> = {
  linux: "ss -ltnp 'sport = :PORT'",
  win32: "netstat -ano -p TCP",
};

/** Returns why the shim could not start, and what to do, as one line. Loaded only then. */
export async function startFailure(
  error: unknown,
  env: NodeJS.ProcessEnv,
  { metricsListen }: Pick<Settings, "metricsListen">,
): Promise<string> {
  if (!(error instanceof Error)) return "unknown error";
  const { code = "", address, port }: NodeJS.ErrnoException & { address?: unknown; port?: unknown } = error;
  const setting = port !== undefined && port === metricsListen?.port ? "--metrics-listen" : "--listen";
  if (code === "EADDRINUSE" && typeof address === "string" && typeof port === "number") {
    const where = { host: address, port };
    const { by, ...advice } = await holderOf(where, env, setting);
    return withAdvice(`${authorityOf(where)} is in use by ${by}`, advice);
  }
  if (code === "EACCES" && process.platform === "win32" && typeof port === "number")
    return windowsRefusal(port, setting);
  if (code === "EAFNOSUPPORT" || (address === "::1" && NO_IPV6.has(code))) {
    const fix = `write 127.0.0.1 in ${setting}, or switch IPv6 on`;
    return withAdvice(`IPv6 is switched off on this machine: ${printable(error.message)}`, { fix });
  }
  const why = FIXES.get(code);
  return withAdvice(
    printable(error.message),
    why === undefined ? {} : { fix: `${why}, or choose another ${setting}` },
  );
}

/** Windows refuses a port with EACCES in a reserved range, or where another program holds it with exclusive use. */
function windowsRefusal(port: number, setting: string): string {
  const range = reservedRange(port);
  const why = range
    ? `port ${port} is in a range that Windows reserves (${range}), often for Hyper-V, WSL or Docker`
    : `Windows does not allow port ${port}: it is reserved, or another program uses it exclusively`;
  const command = "netsh int ipv4 show excludedportrange protocol=tcp";
  return withAdvice(why, { fix: `choose another ${setting}; this shows all reserved ranges`, command });
}

/** Finds out which program uses an address, and how to end it. */
async function holderOf(
  where: HostPort,
  env: NodeJS.ProcessEnv,
  setting: string,
): Promise<Advice & { readonly by: string }> {
  const { port, host } = where;
  const found = findListeningProcess(port, host);
  const isSystemd = found?.program === "systemd";
  const named = (what: string): string => (found ? `${what}, ${found.shown}` : what);
  // First, as a connection to systemd's socket would start the service.
  const service = await ownService(where, found, env);
  if (service) {
    const fix = "use that one, or stop it first";
    return { by: named(`the service ${service.name}`), fix, command: service.command };
  }
  if (isSystemd) {
    const fix = `stop that unit, or choose another ${setting}; this lists the units`;
    return { by: named("a socket unit"), fix, command: "systemctl list-sockets" };
  }
  const fix = `end it, or choose another ${setting}`;
  const kill = process.platform === "win32" ? "taskkill /f /pid" : "kill";
  const end = found && `${kill} ${found.pid}`;
  if (await isShim(reachableAt(where))) return { by: named("another openclaw-shim"), fix, command: end };
  if (await isGateway(where)) {
    return {
      by: named("OpenClaw's gateway itself"),
      fix: `the shim needs a port of its own: choose another ${setting}`,
    };
  }
  if (found) return { by: found.shown, fix, command: end };
  const uid = listeningUser(port, host);
  const by = uid === undefined ? "another program" : `a program of the user with uid ${uid}`;
  const list = LISTS[process.platform] ?? "lsof -nP -iTCP:PORT -sTCP:LISTEN";
  const sudo = process.getuid?.() ? "sudo " : "";
  const command = sudo + list.replace("PORT", String(port));
  return { by, fix: `${fix}; this shows which program it is`, command };
}

/** Returns the installed service that listens at an address, and the command that stops it. */
async function ownService(where: HostPort, found: ListeningProcess | undefined, env: NodeJS.ProcessEnv) {
  for (const system of [false, true]) {
    try {
      const service = findService({ system }, env);
      const { installed, listen, name, pid, running, socket = "" } = await service.state();
      const isThere = listen.some((address) => authorityOf(address) === authorityOf(where));
      // Else a shim that was started by hand keeps the service, which may be this process, from starting.
      const mayHold = pid !== process.pid && (running || socket.startsWith("active"));
      const holds = found ? found.program === "systemd" || found.pid === pid : mayHold;
      if (installed && isThere && holds) return { name, command: await service.stopCommand() };
    } catch (error) {
      // There is none for this user, or on this platform.
      if (!(error instanceof SettingsError)) throw error;
    }
  }
  return undefined;
}

async function isGateway(where: HostPort): Promise<boolean> {
  const parsed = gatewayAddress(`ws://${reachableAt(where)}`);
  if (!("value" in parsed)) return false;
  const dialer = await createDialer(parsed.value, () => {});
  return (await probeGateway(parsed.value, dialer, AbortSignal.timeout(PROBE_MS))) === undefined;
}
