import type { BlockList } from "node:net";
import type { FakeRelease, Behavior } from "./behaviors.ts";
import type { Attribution } from "./locality.ts";
import type { PairingStore } from "./pairing-store.ts";
import type { RateLimiter } from "./rate-limit.ts";

/** What all connections of one stand-in share. */
export interface Gateway {
  readonly release: FakeRelease;
  readonly rules: Behavior;
  /** `gateway.auth.token`. */
  readonly token: string;
  readonly trustedProxies: BlockList;
  readonly allowedOrigins: readonly string[];
  readonly autoApproveLocal: boolean;
  /** Approximate size of hello-ok's snapshot. */
  readonly snapshotBytes: number;
  readonly store: PairingStore;
  /** For clients by address; absent where the release counts only when configured. */
  readonly limiter: RateLimiter | undefined;
  /** For pages. */
  readonly browserLimiter: RateLimiter;
  starting: boolean;
  broadcast(event: string, payload: unknown): void;
}

/** What one connection brought along. */
export interface Connection {
  readonly id: string;
  readonly nonce: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly attribution: Attribution;
  /** The `x-openclaw-scopes` header: no more than these are granted, since 2026.9. */
  readonly scopeCap: readonly string[] | undefined;
}
