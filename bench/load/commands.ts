import type { ClientOptions } from "./client.ts";

/** A command to the load generator. `set` names connections that stay open between commands. */
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

/** Duration of the work in milliseconds, and the round trips of an exchange. */
export interface Exchanged {
  readonly ms: number;
  readonly p50?: number;
  readonly p99?: number;
}

export type Reply =
  | { readonly id: number; readonly result: Exchanged }
  | { readonly id: number; readonly error: string };
