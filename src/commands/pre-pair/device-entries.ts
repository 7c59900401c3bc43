import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Device } from "../../openclaw/device.ts";
import { fieldsOf, isRecord } from "../../text/json.ts";

/** What the device is paired for: at least one role, and scopes that start with one of the roles and a dot. */
export interface Grant {
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly displayName?: string | undefined;
}

/**
 * Returns the entry in `devices/paired.json` of a device that is paired for the grant: a new one, or the existing one
 * with what it lacks. Every role gets an active token: since 2026.4 a role without one does not count
 * (`listEffectivePairedDeviceRoles`). The entry has no `platform` and no `deviceFamily`: OpenClaw refuses a tool that
 * sends other values than the entry's (`resolvePinnedClientMetadata`), and they are not known when an image is built.
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
export function withoutRequestsOf(device: string, content: unknown) {
  if (!Array.isArray(content) && !isRecord(content)) return undefined;
  const rest: [string, unknown][] = [];
  const removed: string[] = [];
  for (const [key, request] of Object.entries<unknown>(content)) {
    const { deviceId, requestId } = fieldsOf(request);
    if (typeof deviceId !== "string" || deviceId.trim() !== device) rest.push([key, request]);
    else removed.push(typeof requestId === "string" ? requestId : key);
  }
  return { rest: Array.isArray(content) ? rest.map(([, one]) => one) : Object.fromEntries(rest), removed };
}

/** Returns the role's token with the scopes that it lacks, or a new one; undefined if the existing one is not a token. */
function activeToken(role: string, existing: unknown, grant: Grant, now: number): object | undefined {
  const needed = grant.scopes.filter((scope) => scope.startsWith(`${role}.`));
  if (existing === undefined) return { token: newToken(), role, scopes: needed, createdAtMs: now };
  const { revokedAtMs, ...rest } = fieldsOf(existing);
  const scopes = union(rest["scopes"] ?? [], needed);
  if (typeof rest["token"] !== "string" || !scopes) return undefined;
  return revokedAtMs
    ? { ...rest, token: newToken(), scopes, rotatedAtMs: now }
    : { ...fieldsOf(existing), scopes };
}

// As OpenClaw creates them (`src/infra/pairing-token.ts`).
function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Returns the texts of a list with those of another; undefined if the first is not a list of texts. */
function union(list: unknown, more: readonly string[]): readonly string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const items: readonly unknown[] = list;
  if (!items.every((item) => typeof item === "string")) return undefined;
  return [...items, ...more.filter((item) => !items.includes(item))];
}
