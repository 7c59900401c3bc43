import { once } from "node:events";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { fieldsOf } from "../../text/json.ts";
import { errorCode, printable } from "../../text/printable.ts";
import { optional, PrePairError } from "./state-file.ts";

const CONNECT_MS = 1_000;

/** Where a gateway would leave traces: `stateDir` is a real path, `configPath` its `openclaw.json`. */
export interface GatewayTraces {
  readonly stateDir: string;
  readonly configPath: string;
  /** Folders in which gateways up to 2026.8 keep their locks. */
  readonly temporaryFolders: readonly string[];
  readonly gateway: { readonly host: string; readonly port: number };
}

type Lock = NonNullable<ReturnType<typeof readLock>>;

/**
 * Refuses if a gateway uses the state directory. It is found by OpenClaw's own lock (`src/infra/gateway-lock.ts`):
 * `TMPDIR/openclaw-UID/gateway.HASH.lock`, in 2026.9 `STATE_DIR/tmp/openclaw-UID/gateway.*.lock`. A gateway with
 * `OPENCLAW_ALLOW_MULTI_GATEWAY=1` or another TMPDIR is found by its port only, and one in another PID and network
 * namespace not at all.
 *
 * @throws PrePairError
 */
export async function refuseIfGatewayRuns(traces: GatewayTraces): Promise<void> {
  const { stateDir, configPath, temporaryFolders, gateway } = traces;
  const shown = printable(stateDir);
  const isOurs = (lock: Lock): boolean =>
    lock.configPath === configPath || optional(() => realpathSync(dirname(lock.configPath))) === stateDir;
  const locks = [...locksIn(join(stateDir, "tmp")), ...temporaryFolders.flatMap(locksIn).filter(isOurs)];
  const lock = locks.find(isAlive);
  if (lock)
    throw new PrePairError(
      `the gateway with pid ${lock.pid} uses ${shown} (lock ${printable(lock.path)})`,
      "stop it first, or pair the device there: openclaw devices approve, or the shim's --approve seen",
    );
  if (await isListening(gateway))
    throw new PrePairError(
      `a program listens on ${gateway.host} port ${gateway.port}, where the gateway of ${shown} would`,
      "stop it first, or give the port of this gateway: --gateway ws://127.0.0.1:PORT",
    );
}

function locksIn(folder: string): Lock[] {
  return entries(folder, /^openclaw(?:-\d+)?$/)
    .flatMap((locks) => entries(locks, /^gateway\..+\.lock$/))
    .flatMap((path) => optional(() => readLock(path)) ?? []);
}

/** Returns the paths of a folder's entries with such a name; none if the folder is missing or unreadable. */
function entries(folder: string, name: RegExp): string[] {
  const all = optional(() => readdirSync(folder)) ?? [];
  return all.filter((entry) => name.test(entry)).map((entry) => join(folder, entry));
}

function readLock(path: string) {
  const { pid, configPath, startTime } = fieldsOf(JSON.parse(readFileSync(path, "utf8")));
  if (typeof pid !== "number" || !Number.isInteger(pid) || pid <= 0) return undefined;
  return typeof configPath === "string" ? { path, pid, configPath, startTime } : undefined;
}

/** Returns true if the owner of a lock lives. The start times differ if another process has its pid now. */
function isAlive({ pid, startTime }: Lock): boolean {
  try {
    process.kill(pid, 0); // sends no signal: kill(2)
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
  }
  const stat = optional(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (stat === undefined || typeof startTime !== "number") return true;
  // Field 22 of proc_pid_stat(5); the name in parentheses may contain spaces and parentheses itself.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]) === startTime;
}

/** Connects once. A timeout counts as listening: only a listener with a full backlog lets a client wait. */
async function isListening(address: GatewayTraces["gateway"]): Promise<boolean> {
  const socket = connect({ host: address.host, port: address.port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_MS) });
    return true;
  } catch (error) {
    return errorCode(error) === "ABORT_ERR";
  } finally {
    socket.destroy();
  }
}
