import type { ClientOptions } from "./client.ts";

/** What the bench asks of the load generator; `set` names connections that stay open between commands. */
export type Command = { readonly id: number } & Work;

export type Work =
  | {
      readonly op: "open";
      readonly set: string;
      readonly client: ClientOptions;
      readonly connections: number;
    }
  | {
      readonly op: "exchange";
      readonly sets: readonly string[];
      readonly messages: number;
      readonly window: number;
    }
  | { readonly op: "close"; readonly set: string }
  | {
      readonly op: "upgrades";
      readonly client: ClientOptions;
      readonly count: number;
      readonly parallel: number;
    };

/** How long the work took, in milliseconds; for an exchange also its round trips. */
export interface Exchanged {
  readonly ms: number;
  readonly p50?: number;
  readonly p99?: number;
}

export type Reply =
  | { readonly id: number; readonly result: Exchanged }
  | { readonly id: number; readonly error: string };
