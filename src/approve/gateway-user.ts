import { readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { readSmallFile } from "../openclaw/small-file.ts";
import { GATEWAY_USER_FILE } from "./state-files.ts";

const ESTABLISHED = "01";
/** What the kernel shows for users that the shim's user namespace does not have (user_namespaces(7)). */
const UNMAPPED = 65_534;
const MAX_BYTES = 16;

/**
 * Knows whose process may get the gateway's token: root's, the shim's own user's, and the gateway's. Any user can listen
 * on the gateway's port while the gateway is down (CWE-522). The gateway's user is the owner of OpenClaw's config; if
 * the shim finds none, the user whose gateway first accepted the token, stored in the state directory.
 */
export class GatewayUser {
  readonly #file: string | undefined;
  #user: number | undefined;
  #last: number | undefined;

  /** @param owner of OpenClaw's config, if there is one @param stateDirectory stores the user across restarts */
  constructor(owner: number | undefined, stateDirectory: string | undefined) {
    this.#file =
      owner === undefined && stateDirectory !== undefined
        ? join(stateDirectory, GATEWAY_USER_FILE)
        : undefined;
    this.#user = owner ?? storedUser(this.#file);
  }

  /** Returns why the process at the other end must not get the token; undefined if it may, or the system cannot tell. */
  objection(socket: Socket): string | undefined {
    if (process.platform !== "linux") return undefined;
    const users = usersAt(socket);
    if (users.length === 0 || users.includes(UNMAPPED))
      return "the user of the gateway's process cannot be seen";
    const trusted = new Set([0, process.geteuid?.(), this.#user]);
    const other = users.find((user) => !trusted.has(user));
    this.#last = users[0];
    if (other === undefined || this.#user === undefined) return undefined;
    return `a process of user ${other} listens there, not of root or user ${this.#user}`;
  }

  /** The process accepted the token: its user is the gateway's from now on, if nothing else was known. */
  accepted(): void {
    if (this.#user !== undefined || this.#last === undefined) return;
    this.#user = this.#last;
    try {
      if (this.#file) writeFileSync(this.#file, `${this.#user}\n`, { mode: 0o600 });
    } catch {
      // The next start learns it again.
    }
  }
}

function storedUser(file: string | undefined): number | undefined {
  const stored = file === undefined ? undefined : readSmallFile(file, MAX_BYTES);
  const [, digits] = /^(\d{1,10})\n$/.exec(stored && "text" in stored ? stored.text : "") ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Returns the users of the sockets at the other end of an established loopback connection, from the kernel's tables
 * (proc_pid_net(5)). A connection that no process has accepted yet has no inode, and no user.
 */
function usersAt({ remotePort = 0, localPort = 0 }: Socket): number[] {
  const rows = ["tcp", "tcp6"].flatMap((table) => tableRows(`/proc/self/net/${table}`));
  const [theirs, ours] = [portOf(remotePort), portOf(localPort)];
  return rows.flatMap(([, local = "", remote = "", state, , , , uid, , inode]) =>
    state === ESTABLISHED && local.endsWith(theirs) && remote.endsWith(ours) && inode !== "0"
      ? [Number(uid)]
      : [],
  );
}

/** Returns a port as the kernel's tables end an address with it. */
function portOf(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}

function tableRows(path: string): string[][] {
  try {
    return readFileSync(path, "latin1")
      .split("\n")
      .map((line) => line.trim().split(/\s+/));
  } catch {
    return [];
  }
}
