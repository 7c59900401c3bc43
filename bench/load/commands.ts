import type { ClientOptions } from "./client.ts";
import type { RequestOptions } from "./http-client.ts";

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
    }
  | {
      readonly op: "paced";
      readonly client: ClientOptions;
      readonly count: number;
      readonly perSecond: number;
    }
  | {
      readonly op: "requests";
      readonly request: RequestOptions;
      readonly count: number;
      readonly connections: number;
    }
  | { readonly op: "streams"; readonly request: RequestOptions; readonly count: number };

/** Duration of the work, and the round trips of an exchange or delays of a stream's events, in milliseconds. */
export interface Exchanged {
  readonly ms: number;
  /** Median time from a stream's request to the first byte of its response, in milliseconds. */
  readonly firstByte?: number;
  readonly p50?: number;
  readonly p99?: number;
}

export type Reply =
  | { readonly id: number; readonly result: Exchanged }
  | { readonly id: number; readonly error: string };
