import { randomBytes, randomUUID } from "node:crypto";
import { coversScope } from "../../src/openclaw/scopes.ts";
import type { Behavior } from "./behaviors.ts";

/** A device and the role and scopes that it requests. */
export interface PairingInput {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName?: string | undefined;
  readonly platform: string;
  readonly deviceFamily?: string | undefined;
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly silent: boolean;
}

/** An entry of `device.pair.list`'s `pending`. */
export interface StoredRequest extends PairingInput {
  readonly requestId: string;
  readonly roles: readonly string[];
  readonly isRepair: boolean;
  /** Unix time in milliseconds. */
  readonly ts: number;
}

/** A device token of one role. */
export interface DeviceToken {
  readonly token: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
}

export interface PairedDevice extends Omit<PairingInput, "silent"> {
  readonly roles: readonly string[];
  readonly tokens: Readonly<Record<string, DeviceToken>>;
  readonly createdAtMs: number;
  readonly approvedAtMs: number;
}

/** The result of an approval. */
export type Approval =
  | { readonly status: "approved"; readonly device: PairedDevice }
  | { readonly status: "forbidden"; readonly missingScope: string }
  | { readonly status: "unknown" };

/** OpenClaw `device-pairing.ts`: a pending request expires so long after its last attempt. */
const PENDING_TTL_MS = 5 * 60_000;

/** Paired devices and pending requests of one gateway, in memory. */
export class PairingStore {
  readonly #behavior: Behavior;
  readonly #pending = new Map<string, { readonly request: StoredRequest; readonly refreshedAtMs: number }>();
  readonly #paired = new Map<string, PairedDevice>();

  constructor(behavior: Behavior) {
    this.#behavior = behavior;
  }

  /** Pending requests, newest first. */
  get pending(): readonly StoredRequest[] {
    this.#prune();
    return [...this.#pending.values()].map(({ request }) => request).sort((a, b) => b.ts - a.ts);
  }

  /** Paired devices. */
  get paired(): readonly PairedDevice[] {
    return [...this.#paired.values()];
  }

  device(deviceId: string): PairedDevice | undefined {
    return this.#paired.get(deviceId);
  }

  /** Returns false if there is no such device. */
  remove(deviceId: string): boolean {
    return this.#paired.delete(deviceId);
  }

  /**
   * Stores a request. `silent: false` of a pending one stays: a stale request (docs/gateway.md section 2).
   * @returns the stored request, true if it is new, and the ids of those that it replaced.
   */
  request(input: PairingInput): { request: StoredRequest; created: boolean; superseded: readonly string[] } {
    const existing = this.pending.filter((request) => request.deviceId === input.deviceId);
    const [latest] = existing;
    if (latest && this.#behavior.pending === "first")
      return { request: latest, created: false, superseded: [] };
    const silent = input.silent && existing.every((request) => request.silent);
    const now = Date.now();
    if (latest && existing.length === 1 && covers(latest, input, this.#behavior)) {
      const ts = this.#behavior.protocol === 4 ? latest.ts : now;
      const request = { ...latest, ...input, scopes: latest.scopes, silent, ts };
      this.#pending.set(request.requestId, { request, refreshedAtMs: now });
      return { request, created: false, superseded: [] };
    }
    for (const { requestId } of existing) this.#pending.delete(requestId);
    const request: StoredRequest = {
      requestId: randomUUID(),
      ...input,
      roles: union([input.role], ...existing.map(({ roles }) => roles)),
      scopes: union(input.scopes, ...existing.map(({ scopes }) => scopes)),
      silent,
      isRepair: this.#paired.has(input.deviceId),
      ts: now,
    };
    this.#pending.set(request.requestId, { request, refreshedAtMs: now });
    return { request, created: true, superseded: existing.map(({ requestId }) => requestId) };
  }

  /** Approves a request by an operator with these scopes, and issues new tokens for its roles. */
  approve(requestId: string, callerScopes: readonly string[]): Approval {
    this.#prune();
    const pending = this.#pending.get(requestId)?.request;
    if (!pending) return { status: "unknown" };
    const missing =
      this.#behavior.approval === "anyone" ? undefined : missingScope(pending.scopes, callerScopes, true);
    if (missing !== undefined) return { status: "forbidden", missingScope: missing };
    const existing = this.#paired.get(pending.deviceId);
    const now = Date.now();
    const tokens = { ...existing?.tokens };
    for (const role of pending.roles) tokens[role] = this.#newToken(role, pending.scopes, now);
    const { silent: _silent, requestId: _id, isRepair: _repair, ts: _ts, ...identity } = pending;
    const device: PairedDevice = {
      ...identity,
      roles: union(existing?.roles ?? [], pending.roles),
      scopes: union(existing?.scopes ?? [], pending.scopes),
      tokens,
      createdAtMs: existing?.createdAtMs ?? now,
      approvedAtMs: now,
    };
    this.#pending.delete(requestId);
    this.#paired.set(device.deviceId, device);
    return { status: "approved", device };
  }

  /** Deletes a request and returns it; undefined if there is none. */
  reject(requestId: string): StoredRequest | undefined {
    this.#prune();
    const pending = this.#pending.get(requestId)?.request;
    this.#pending.delete(requestId);
    return pending;
  }

  /** Checks a token against the one of this device and role, and against its scopes. */
  checkToken(
    deviceId: string,
    role: string,
    scopes: readonly string[],
    token: string,
  ): "ok" | "token-mismatch" | "scope-mismatch" {
    const entry = this.#paired.get(deviceId)?.tokens[role];
    if (!entry || entry.token !== token) return "token-mismatch";
    return missingScope(scopes, entry.scopes, this.#behavior.impliedScopes) === undefined
      ? "ok"
      : "scope-mismatch";
  }

  /** Returns the token for hello-ok: the existing one if it covers the scopes, else a new one; none if not paired. */
  ensureToken(deviceId: string, role: string, scopes: readonly string[]): DeviceToken | undefined {
    const device = this.#paired.get(deviceId);
    if (!device || (device.scopes.length === 0 && !this.#behavior.tokenWithoutScopes)) return undefined;
    const existing = device.tokens[role];
    if (existing && missingScope(scopes, existing.scopes, this.#behavior.impliedScopes) === undefined)
      return existing;
    const token = this.#newToken(role, scopes, Date.now());
    this.#paired.set(deviceId, { ...device, tokens: { ...device.tokens, [role]: token } });
    return token;
  }

  #newToken(role: string, requested: readonly string[], createdAtMs: number): DeviceToken {
    const scopes = this.#behavior.tokenScopes === "implied" ? withImplied(requested) : requested;
    return { token: randomBytes(32).toString("base64url"), role, scopes, createdAtMs };
  }

  #prune(): void {
    const oldest = Date.now() - PENDING_TTL_MS;
    for (const [id, { refreshedAtMs }] of this.#pending) if (refreshedAtMs < oldest) this.#pending.delete(id);
  }
}

/** Returns true if a pending request equals a new one; in 2026.9 also if it requests more. */
function covers(pending: StoredRequest, input: PairingInput, behavior: Behavior): boolean {
  if (pending.publicKey !== input.publicKey || pending.role !== input.role) return false;
  if (missingScope(input.scopes, pending.scopes, behavior.protocol === 4) !== undefined) return false;
  return behavior.protocol === 4 || missingScope(pending.scopes, input.scopes, false) === undefined;
}

/** Returns the first requested scope that the granted ones do not cover, or undefined. */
export function missingScope(
  requested: readonly string[],
  granted: readonly string[],
  implied: boolean,
): string | undefined {
  return requested.find((scope) => !(implied ? coversScope(granted, scope) : granted.includes(scope)));
}

/** Adds the scopes that others imply. OpenClaw 2026.3's and 2026.4's `device-auth.ts`. */
function withImplied(scopes: readonly string[]): string[] {
  if (scopes.includes("operator.admin")) return union(scopes, ["operator.read", "operator.write"]);
  return union(scopes, scopes.includes("operator.write") ? ["operator.read"] : []);
}

function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort();
}
