import type { FlagTable } from "../settings/setting-row.ts";
import { SETTINGS } from "../settings/settings-table.ts";
import { accessName, choice, shortText } from "../settings/value-parsers.ts";

// The flags of each command, besides the settings. A command gets their values in `CommandContext<typeof X_FLAGS>`.

const JSON_FLAG = { help: "as JSON" } as const;
const DRY_RUN = { help: "only print what it would do" } as const;
const SYSTEM = { help: "the machine's service, not the user's" } as const;

export const DOCTOR_FLAGS = {
  via: { metavar: "URL", repeatable: true, help: "a URL that tools use, to find the headers added there" },
  json: JSON_FLAG,
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
  dryRun: DRY_RUN,
  json: JSON_FLAG,
} as const satisfies FlagTable;

export const UNINSTALL_FLAGS = {
  system: SYSTEM,
  root: { metavar: "DIR", help: "the service of the image in DIR, which does not run" },
  dryRun: DRY_RUN,
} as const satisfies FlagTable;

export const INSTALL_FLAGS = {
  ...UNINSTALL_FLAGS,
  node: { metavar: "PATH", defaultNote: "this one", help: "the Node.js that runs the shim" },
} as const satisfies FlagTable;

export const STATUS_FLAGS = { listen: SETTINGS.listen, system: SYSTEM, json: JSON_FLAG } as const;

export const ENV_FLAGS = {
  json: JSON_FLAG,
  openclawConfig: { help: "as a fragment of openclaw.json" },
} as const satisfies FlagTable;
