import { randomBytes, randomUUID } from "node:crypto";
import type { Behavior } from "./behaviors.ts";
import { missingScope, union, withImplied } from "./scopes.ts";

/** Who asks to be paired, and for what. */
export interface PairingAsk {
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
export interface PendingRequest extends PairingAsk {
  readonly requestId: string;
  readonly roles: readonly string[];
  readonly isRepair: boolean;
  /** Unix time in milliseconds. */
  readonly ts: number;
}

/** A device token: a role's, with the scopes that it grants. */
export interface DeviceToken {
  readonly token: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
}

export interface PairedDevice extends Omit<PairingAsk, "silent"> {
  readonly roles: readonly string[];
  readonly tokens: Readonly<Record<string, DeviceToken>>;
  readonly createdAtMs: number;
  readonly approvedAtMs: number;
}

/** What became of an approval. */
export type Approval =
  | { readonly status: "approved"; readonly device: PairedDevice }
  | { readonly status: "forbidden"; readonly missingScope: string }
  | { readonly status: "unknown" };

/** OpenClaw `device-pairing.ts`: after this a pending request is gone, unless asked again. */
const PENDING_TTL_MS = 5 * 60_000;

/** The devices of one gateway, in memory, with each release's way of treating a request that is already pending. */
export class PairingStore {
  readonly #rules: Behavior;
  readonly #pending = new Map<string, { readonly request: PendingRequest; readonly refreshedAtMs: number }>();
  readonly #paired = new Map<string, PairedDevice>();

  constructor(rules: Behavior) {
    this.#rules = rules;
  }

  /** Pending requests, newest first. */
  get pending(): readonly PendingRequest[] {
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

  /** @returns whether there was such a device. */
  remove(deviceId: string): boolean {
    return this.#paired.delete(deviceId);
  }

  /**
   * Files a request. One that is pending already keeps its `silent: false`: that is what makes it sticky
   * (gateway.md section 2).
   * @returns the request that now stands, whether it is new, and the ids of those that it replaced.
   */
  request(ask: PairingAsk): { request: PendingRequest; created: boolean; superseded: readonly string[] } {
    const existing = this.pending.filter((one) => one.deviceId === ask.deviceId);
    const [latest] = existing;
    if (latest && this.#rules.pending === "first") return { request: latest, created: false, superseded: [] };
    const silent = ask.silent && existing.every((one) => one.silent);
    const now = Date.now();
    if (latest && existing.length === 1 && covers(latest, ask, this.#rules)) {
      const ts = this.#rules.protocol === 4 ? latest.ts : now;
      const request = { ...latest, ...ask, scopes: latest.scopes, silent, ts };
      this.#pending.set(request.requestId, { request, refreshedAtMs: now });
      return { request, created: false, superseded: [] };
    }
    for (const one of existing) this.#pending.delete(one.requestId);
    const request: PendingRequest = {
      requestId: randomUUID(),
      ...ask,
      roles: union([ask.role], ...existing.map((one) => one.roles)),
      scopes: union(ask.scopes, ...existing.map((one) => one.scopes)),
      silent,
      isRepair: this.#paired.has(ask.deviceId),
      ts: now,
    };
    this.#pending.set(request.requestId, { request, refreshedAtMs: now });
    return { request, created: true, superseded: existing.map((one) => one.requestId) };
  }

  /** Approves a request with the scopes of the one who approves; its role's token is made anew. */
  approve(requestId: string, callerScopes: readonly string[]): Approval {
    this.#prune();
    const pending = this.#pending.get(requestId)?.request;
    if (!pending) return { status: "unknown" };
    const missing =
      this.#rules.approval === "anyone" ? undefined : missingScope(pending.scopes, callerScopes, true);
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

  /** @returns the request that is gone now, or undefined when there was none. */
  reject(requestId: string): PendingRequest | undefined {
    this.#prune();
    const pending = this.#pending.get(requestId)?.request;
    this.#pending.delete(requestId);
    return pending;
  }

  /** @returns whether the token is this device's for this role, and covers the scopes. */
  checkToken(
    deviceId: string,
    role: string,
    scopes: readonly string[],
    token: string,
  ): "ok" | "token-mismatch" | "scope-mismatch" {
    const entry = this.#paired.get(deviceId)?.tokens[role];
    if (!entry || entry.token !== token) return "token-mismatch";
    return missingScope(scopes, entry.scopes, this.#rules.impliedScopes) === undefined
      ? "ok"
      : "scope-mismatch";
  }

  /** The token that hello-ok carries: the one there is if it covers the scopes, else a new one; none if not paired. */
  ensureToken(deviceId: string, role: string, scopes: readonly string[]): DeviceToken | undefined {
    const device = this.#paired.get(deviceId);
    if (!device || (device.scopes.length === 0 && !this.#rules.tokenWithoutScopes)) return undefined;
    const existing = device.tokens[role];
    if (existing && missingScope(scopes, existing.scopes, this.#rules.impliedScopes) === undefined)
      return existing;
    const token = this.#newToken(role, scopes, Date.now());
    this.#paired.set(deviceId, { ...device, tokens: { ...device.tokens, [role]: token } });
    return token;
  }

  #newToken(role: string, asked: readonly string[], createdAtMs: number): DeviceToken {
    const scopes = this.#rules.tokenScopes === "implied" ? withImplied(asked) : asked;
    return { token: randomBytes(32).toString("base64url"), role, scopes, createdAtMs };
  }

  #prune(): void {
    const oldest = Date.now() - PENDING_TTL_MS;
    for (const [id, { refreshedAtMs }] of this.#pending) if (refreshedAtMs < oldest) this.#pending.delete(id);
  }
}

/** Whether a pending request is the one that this would be; in 2026.9 also when it asks for more. */
function covers(pending: PendingRequest, ask: PairingAsk, rules: Behavior): boolean {
  if (pending.publicKey !== ask.publicKey || pending.role !== ask.role) return false;
  if (missingScope(ask.scopes, pending.scopes, rules.protocol === 4) !== undefined) return false;
  return rules.protocol === 4 || missingScope(pending.scopes, ask.scopes, false) === undefined;
}
