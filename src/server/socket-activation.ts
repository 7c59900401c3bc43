import { authorityOf, reaches, type HostPort } from "../net/authority.ts";
import { canonicalAddress, isLoopbackAddress } from "../net/ip-address.ts";
import { SettingsError } from "../settings/settings-error.ts";
import type { Settings } from "../settings/settings.ts";

/** sd_listen_fds(3): the first descriptor that is handed over. */
const FIRST_FD = 3;
const MAX_SOCKETS = 64;
const FIX = "make it ListenStream=127.0.0.1:18788 in the socket unit";

/**
 * Takes the listening sockets that systemd hands over: descriptors from 3 on, if `LISTEN_PID` is this process
 * (sd_listen_fds(3)). Removes the three variables from `env`, so that child processes do not use them.
 *
 * @param env `process.env`
 * @throws SettingsError if `LISTEN_FDS` is not a number of sockets
 */
export function takeHandedOver(env: NodeJS.ProcessEnv, pid: number): readonly HandedOver[] {
  const { LISTEN_PID: owner, LISTEN_FDS: count = "0" } = env;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete env[name];
  if (owner !== String(pid)) return [];
  const sockets = /^\d{1,3}$/.test(count) ? Number(count) : Number.NaN;
  if (!(sockets <= MAX_SOCKETS)) {
    const problem = `is not a number of sockets from 0 to ${MAX_SOCKETS}`;
    throw new SettingsError({ setting: "LISTEN_FDS", problem, fix: "systemd sets it" });
  }
  return Array.from({ length: sockets }, (_, index) => handedOver(FIRST_FD + index));
}

/** A listening socket that another process opened. */
export type HandedOver = ReturnType<typeof handedOver>;

/** The rules of `--listen` hold for a handed-over socket too: not the gateway's own, and remote peers only if named. */
function handedOver(fd: number) {
  const setting = `socket ${fd}, handed over by systemd`;
  return {
    fd,
    /** Throws SettingsError if the shim must not listen there. */
    check(bound: HostPort, { allowFrom, gateway }: Pick<Settings, "allowFrom" | "gateway">): void {
      const at = { host: canonicalAddress(bound.host) ?? bound.host, port: bound.port };
      if (reaches(gateway, at)) {
        const problem = `${authorityOf(at)} is the gateway's own address (${gateway.url}), so the shim would connect to itself`;
        const change = "change ListenStream= in the socket unit, or --gateway";
        throw new SettingsError({ setting, problem, fix: change });
      }
      if (isLoopbackAddress(at.host) || allowFrom.length > 0) return;
      const fix = `give --allow-from CIDR with the peers that may connect, or ${FIX}`;
      throw new SettingsError({ setting, problem: `${at.host} is not a loopback address`, fix });
    },
    /** Returns the error for a descriptor on which a TCP server cannot listen. */
    notTcp: (cause: unknown): SettingsError =>
      Object.assign(new SettingsError({ setting, problem: "is not a TCP socket", fix: FIX }), { cause }),
  };
}
