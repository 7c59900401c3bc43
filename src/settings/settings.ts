import type { Logger } from "pino";
import type { Item, Values } from "./setting-row.ts";
import type { SETTINGS } from "./settings-table.ts";

export type { GatewayAddress, ListenAddress } from "./address-parsers.ts";

type Table = typeof SETTINGS;

/** All settings, checked and frozen; those about the gateway are in `gateway`. Durations are in milliseconds. No secret. */
export type Settings = Omit<Values<Table>, "allowRemoteGateway" | "config" | "gatewayFingerprint">;
export type ForwardedPolicy = Settings["forwarded"];
export type ApprovePolicy = Settings["approve"];

/** What a program may give for a row: the value itself if it is a word, switch or number, else the text of the flag. */
type OptionItem<T> = T extends string | boolean ? T : T extends number ? T | string : string;
type Option<R> = R extends { readonly repeatable: true }
  ? OptionItem<Item<R>> | readonly OptionItem<Item<R>>[]
  : OptionItem<Item<R>>;

/**
 * The settings of a shim in a program. Each means what the flag of the same name means; the default applies to what is
 * left out. The environment is not read, nor any file but `tokenFile`.
 */
export type ShimOptions = {
  readonly [K in keyof Table as Table[K] extends { readonly scope: string } ? never : K]?: Option<Table[K]>;
} & {
  /** Where log lines go. Default: nowhere. */
  readonly logger?: Logger;
};
