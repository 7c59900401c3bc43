import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Device } from "../../openclaw/device.ts";
import { isRecord } from "../../text/json.ts";

/** What the device is paired for. */
export interface Grant {
  /** At least one. */
  readonly roles: readonly string[];
  /** Each starts with one of the roles and a dot. */
  readonly scopes: readonly string[];
  readonly displayName?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns the entry in `devices/paired.json` of a device that is paired for the grant: a new one, or the existing one
 * with what it lacks. Nothing is removed from an existing entry.
 *
 * The entry has no `platform` and no `deviceFamily`. OpenClaw refuses a tool that sends other values than the entry's
 * as `metadata-upgrade` (`resolvePinnedClientMetadata`), and whoever builds an image does not know these values. No
 * release compares `clientId` and `clientMode`: the gateway sets them at each connection.
 *
 * Every role gets an active token: since 2026.4 a role without one does not count (`listEffectivePairedDeviceRoles`).
 *
 * @param now Unix time in milliseconds
 * @returns undefined if OpenClaw did not write the existing entry for this device
 */
export function pairedEntry({ id, publicKey }: Device, existing: unknown, grant: Grant, now: number) {
  const created = { deviceId: id, publicKey, role: grant.roles[0], createdAtMs: now };
  const before: unknown = existing === undefined ? created : existing;
  if (!isRecord(before) || before["publicKey"] !== publicKey) return undefined;
  const { role, tokens = {} } = before;
  const roles = union(before["roles"] ?? (role === undefined ? [] : [role]), grant.roles);
  const scopes = union(before["scopes"] ?? [], grant.scopes);
  const approvedScopes = union(before["approvedScopes"] ?? before["scopes"] ?? [], grant.scopes);
  if (!roles || !scopes || !approvedScopes || !isRecord(tokens)) return undefined;
  const granted = grant.roles.map((name) => [name, activeToken(name, tokens[name], grant, now)] as const);
  if (granted.some(([, token]) => token === undefined)) return undefined;

  const allTokens = { ...tokens, ...Object.fromEntries(granted) };
  const entry = { ...before, roles, scopes, approvedScopes, tokens: allTokens };
  return {
    ...entry,
    ...(isDeepStrictEqual(entry, before) ? {} : { approvedAtMs: now }),
    ...(grant.displayName === undefined ? {} : { displayName: grant.displayName }),
  };
}

/**
 * Removes a device's requests from the content of `devices/pending.json`: an object keyed by request id, in some
 * releases an array. Everything else is left unchanged.
 *
 * @returns the rest, and the ids of the removed requests; undefined for content of another kind
 */
export function withoutRequestsOf(deviceId: string, content: unknown) {
  if (!Array.isArray(content) && !isRecord(content)) return undefined;
  const entries: [string, unknown][] = Object.entries(content);
  const isOwn = ([, request]: [string, unknown]): boolean => textIn(request, "deviceId")?.trim() === deviceId;
  const rest = entries.filter((entry) => !isOwn(entry));
  return {
    rest: Array.isArray(content) ? rest.map(([, request]) => request) : Object.fromEntries(rest),
    removed: entries.filter(isOwn).map(([key, request]) => textIn(request, "requestId") ?? key),
  };
}

/** Returns the role's token with the scopes that it lacks, or a new one; undefined if the existing one is not a token. */
function activeToken(role: string, existing: unknown, grant: Grant, now: number): Fields | undefined {
  const needed = grant.scopes.filter((scope) => scope.startsWith(`${role}.`));
  if (existing === undefined) return { token: newToken(), role, scopes: needed, createdAtMs: now };
  if (!isRecord(existing) || typeof existing["token"] !== "string") return undefined;
  const scopes = union(existing["scopes"] ?? [], needed);
  if (!scopes) return undefined;
  const { revokedAtMs, ...rest } = existing;
  return revokedAtMs ? { ...rest, token: newToken(), scopes, rotatedAtMs: now } : { ...existing, scopes };
}

// As OpenClaw creates them (`src/infra/pairing-token.ts`).
function newToken(): string {
  return randomBytes(32).toString("base64url");
}

function textIn(object: unknown, key: string): string | undefined {
  const value = isRecord(object) ? object[key] : undefined;
  return typeof value === "string" ? value : undefined;
}

/** Returns the texts of a list with those of another; undefined if the first is not a list of texts. */
function union(list: unknown, more: readonly string[]): readonly string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const items: readonly unknown[] = list;
  if (!items.every((item) => typeof item === "string")) return undefined;
  return [...items, ...more.filter((item) => !items.includes(item))];
}
