import type { FlagTable } from "../settings/setting-row.ts";
import { SETTINGS } from "../settings/settings-table.ts";
import { accessName, choice, shortText } from "../settings/value-parsers.ts";

// The flags of each command, besides the settings. A command gets their values in `CommandContext<typeof X_FLAGS>`.

export const DOCTOR_FLAGS = {
  via: {
    metavar: "URL",
    repeatable: true,
    help: "a URL that tools use, to find the headers added on its path",
  },
  json: { help: "as JSON" },
} as const satisfies FlagTable;

export const PRE_PAIR_FLAGS = {
  stateDir: { metavar: "DIR", defaultNote: "~/.openclaw", help: "OpenClaw's state directory" },
  role: {
    metavar: "operator|node",
    repeatable: true,
    defaultNote: "operator",
    parse: choice("operator", "node"),
    help: "roles of the device",
  },
  scope: {
    metavar: "SCOPE",
    repeatable: true,
    defaultNote: "the five operator scopes",
    parse: accessName,
    help: "scopes of the device",
  },
  displayName: { metavar: "NAME", parse: shortText(80), help: "the device's name for operators" },
  dryRun: { help: "only print what it would do" },
  json: { help: "as JSON" },
} as const satisfies FlagTable;

export const INSTALL_FLAGS = {
  system: { help: "the machine's service, not the user's" },
  root: { metavar: "DIR", help: "install into the image in DIR, which does not run" },
  node: { metavar: "PATH", defaultNote: "this one", help: "the Node.js that runs the shim" },
  dryRun: { help: "only print what it would do" },
} as const satisfies FlagTable;

export const UNINSTALL_FLAGS = {
  system: { help: "the machine's service, not the user's" },
  root: { metavar: "DIR", help: "remove from the image in DIR, which does not run" },
  dryRun: { help: "only print what it would do" },
} as const satisfies FlagTable;

export const STATUS_FLAGS = {
  listen: SETTINGS.listen,
  system: { help: "the machine's service, not the user's" },
  json: { help: "as JSON" },
} as const satisfies FlagTable;

export const ENV_FLAGS = {
  json: { help: "as JSON" },
  openclawConfig: { help: "as a fragment of openclaw.json" },
} as const satisfies FlagTable;
