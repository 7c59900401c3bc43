import type { Logger } from "pino";
import { readMembers } from "./layers.ts";
import { resolve } from "./load.ts";
import type { Item } from "./setting-row.ts";
import { SETTING_ROWS, type Settings, type SETTINGS } from "./settings.ts";

type Table = typeof SETTINGS;

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

/**
 * Returns the settings of the library's options.
 *
 * @throws SettingsError with every problem, each naming the option
 */
export function resolveOptions(options: ShimOptions): Settings {
  const rows = SETTING_ROWS.filter(([, { scope }]) => scope === undefined);
  const texts = Object.entries({ ...options, logger: undefined }).map(([key, value]) => {
    const isMs =
      Number.isFinite(value) && rows.some(([own, row]) => own === key && row.metavar === "DURATION");
    return [key, isMs ? `${Number(value)}ms` : value];
  });
  return resolve([readMembers(Object.fromEntries(texts), { rows, nameOf: (key) => key })]);
}
