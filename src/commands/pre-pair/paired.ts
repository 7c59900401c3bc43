import { randomBytes } from "node:crypto";
import { isRecord } from "../../text/json.ts";
import type { Device } from "../../openclaw/device.ts";

/** What the device is to be paired for. */
export interface Grant {
  /** At least one. */
  readonly roles: readonly string[];
  /** Each begins with one of the roles and a dot. */
  readonly scopes: readonly string[];
  readonly displayName?: string | undefined;
  /** Unix time in milliseconds. */
  readonly now: number;
}

/** The device's entry in `devices/paired.json`. */
export interface PairedEntry {
  readonly entry: Readonly<Record<string, unknown>>;
  readonly state: "created" | "updated" | "unchanged";
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The entry of a device that is paired for the grant: a new one, or the existing one with what it lacks. Nothing is
 * taken from an existing entry.
 *
 * No `platform` and no `deviceFamily`: an entry that has them is refused as `metadata-upgrade` when the tool says
 * otherwise (OpenClaw `resolvePinnedClientMetadata`), and who builds an image does not know what its tools say.
 * `clientId` and `clientMode` are compared by no release and set by the gateway at each connection.
 *
 * Every role gets an active token: since 2026.4 a role counts only with one (`listEffectivePairedDeviceRoles`).
 *
 * @returns undefined when the existing entry is not one that OpenClaw wrote for this device
 */
export function pairedEntry(device: Device, existing: unknown, grant: Grant): PairedEntry | undefined {
  if (existing === undefined) return newEntry(device, grant);
  return isRecord(existing) && existing["publicKey"] === device.publicKey
    ? extended(existing, grant)
    : undefined;
}

function newEntry(device: Device, grant: Grant): PairedEntry {
  const { roles, scopes, displayName, now } = grant;
  const entry = {
    deviceId: device.id,
    publicKey: device.publicKey,
    ...(displayName === undefined ? {} : { displayName }),
    role: roles[0],
    roles,
    scopes,
    approvedScopes: scopes,
    tokens: Object.fromEntries(roles.map((role) => [role, newToken(role, grant)])),
    createdAtMs: now,
    approvedAtMs: now,
  };
  return { entry, state: "created", roles, scopes };
}

function extended(existing: Fields, grant: Grant): PairedEntry | undefined {
  const { role, tokens = {}, displayName } = existing;
  const roles = texts(existing["roles"] ?? (role === undefined ? [] : [role]));
  const scopes = texts(existing["scopes"] ?? []);
  const approved = texts(existing["approvedScopes"] ?? scopes);
  if (!roles || !scopes || !approved || !isRecord(tokens)) return undefined;
  const added: Record<string, unknown> = {};
  for (const name of grant.roles) {
    const token = tokenFor(name, tokens[name], grant);
    if (!token) return undefined;
    if (token !== tokens[name]) added[name] = token;
  }
  const allRoles = union(roles, grant.roles);
  const allScopes = union(scopes, grant.scopes);
  const changes = {
    ...(allRoles.length > roles.length ? { roles: allRoles } : {}),
    ...(allScopes.length > scopes.length ? { scopes: allScopes } : {}),
    ...(union(approved, grant.scopes).length > approved.length
      ? { approvedScopes: union(approved, grant.scopes) }
      : {}),
    ...(Object.keys(added).length > 0 ? { tokens: { ...tokens, ...added } } : {}),
  };
  const renamed = grant.displayName !== undefined && grant.displayName !== displayName;
  const granted = Object.keys(changes).length > 0;
  const entry = {
    ...existing,
    ...changes,
    ...(renamed ? { displayName: grant.displayName } : {}),
    ...(granted ? { approvedAtMs: grant.now } : {}),
  };
  return { entry, state: granted || renamed ? "updated" : "unchanged", roles: allRoles, scopes: allScopes };
}

/** The token itself when it does, one that does otherwise; undefined when it is no token. */
function tokenFor(role: string, existing: unknown, grant: Grant): Fields | undefined {
  if (existing === undefined) return newToken(role, grant);
  if (!isRecord(existing) || typeof existing["token"] !== "string") return undefined;
  const has = texts(existing["scopes"] ?? []);
  if (!has) return undefined;
  const scopes = union(has, scopesOf(role, grant.scopes));
  if (!existing["revokedAtMs"]) return scopes.length > has.length ? { ...existing, scopes } : existing;
  const { revokedAtMs: _revoked, ...rest } = existing;
  return { ...rest, token: tokenText(), scopes, rotatedAtMs: grant.now };
}

function newToken(role: string, { scopes, now }: Grant): Fields {
  return { token: tokenText(), role, scopes: scopesOf(role, scopes), createdAtMs: now };
}

// As OpenClaw makes them (`src/infra/pairing-token.ts`).
function tokenText(): string {
  return randomBytes(32).toString("base64url");
}

function scopesOf(role: string, scopes: readonly string[]): string[] {
  return scopes.filter((scope) => scope.startsWith(`${role}.`));
}

function texts(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  const strings = items.filter((item) => typeof item === "string");
  return strings.length === items.length ? strings : undefined;
}

function union(first: readonly string[], second: readonly string[]): string[] {
  return [...new Set([...first, ...second])];
}
