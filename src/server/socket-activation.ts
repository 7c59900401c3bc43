import { isLoopbackAddress, canonicalAddress } from "../net/ip-address.ts";
import { reaches, authorityOf } from "../net/authority.ts";
import { SettingsError } from "../settings/settings-error.ts";
import type { ListenAddress, Settings } from "../settings/settings.ts";

/** sd_listen_fds(3): the first descriptor that is handed over. */
const FIRST_FD = 3;
/** Far more sockets than a unit of this service would name. */
const MAX_SOCKETS = 64;
const FIX = "make it ListenStream=127.0.0.1:18788 in the socket unit";

/** A listening socket that was opened by another process. */
export interface HandedOver {
  /** Its file descriptor here. */
  readonly fd: number;
}

/**
 * The listening sockets that systemd hands over: descriptors from 3 on, and only where `LISTEN_PID` is this very
 * process, as else they were meant for another (sd_listen_fds(3)). Takes the three variables out of `env`, so that
 * nothing started from here believes them.
 *
 * @param env `process.env`
 * @throws SettingsError where `LISTEN_FDS` is no number of sockets
 */
export function takeHandedOver(env: NodeJS.ProcessEnv, pid: number): readonly HandedOver[] {
  const { LISTEN_PID: owner, LISTEN_FDS: count = "0" } = env;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete env[name];
  if (owner !== String(pid)) return [];
  const sockets = /^\d{1,3}$/.test(count) ? Number(count) : Number.NaN;
  if (sockets <= MAX_SOCKETS)
    return Array.from({ length: sockets }, (_, index) => ({ fd: FIRST_FD + index }));
  throw new SettingsError({
    setting: "LISTEN_FDS",
    problem: `is not a number of sockets from 0 to ${MAX_SOCKETS}`,
    fix: "systemd sets it",
  });
}

/**
 * Holds a socket that was handed over to the rules for `--listen`: it is not the gateway's own, and beyond loopback it
 * needs `--allow-from`.
 *
 * @param bound where it is bound
 * @throws SettingsError where it breaks one of them
 */
export function checkHandedOver(
  { fd }: HandedOver,
  bound: ListenAddress,
  { allowFrom, gateway }: Pick<Settings, "allowFrom" | "gateway">,
): void {
  const host = canonicalAddress(bound.host) ?? bound.host;
  const address = { host, port: bound.port };
  const socket = `socket ${fd}, handed over by systemd`;
  if (reaches(gateway, address)) {
    throw new SettingsError({
      setting: socket,
      problem: `${authorityOf(address)} is the gateway's own address (${gateway.url}), so the shim would connect to itself`,
      fix: "change ListenStream= in the socket unit, or --gateway",
    });
  }
  if (isLoopbackAddress(host) || allowFrom.length > 0) return;
  throw new SettingsError({
    setting: socket,
    problem: `${host} is not a loopback address`,
    fix: `give --allow-from CIDR with the peers that may connect, or ${FIX}`,
  });
}

/** What is wrong with a descriptor on which no TCP server can listen. */
export function notTcp(fd: number, cause: unknown): Error {
  const setting = `socket ${fd}, handed over by systemd`;
  const error = new SettingsError({ setting, problem: "is not a TCP socket", fix: FIX });
  error.cause = cause;
  return error;
}
