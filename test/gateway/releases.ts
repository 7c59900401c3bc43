import { execFileSync } from "node:child_process";

/** Data of one OpenClaw release: how it is installed and started, and its texts that tests expect. */
export interface Release {
  /** The major version of Node.js to run it with. */
  readonly node: number;
  /** Further arguments of `npm install`. */
  readonly npmArgs: readonly string[];
  /** npm `overrides`: dependencies that no longer resolve, or that a gateway on loopback never loads. */
  readonly overrides: Readonly<Record<string, string>>;
  /** Packages with versions that it loads at start but does not list as dependencies. */
  readonly extra: Readonly<Record<string, string>>;
  /** Its version in the handshake, if different. */
  readonly name?: string;
  /** The refusals with a `details.code`; the others have `INVALID_REQUEST` and a message. */
  readonly detailCodes: "none" | "all but the protocol's" | "all";
  /** The reason that it sends to a client before it is ready; absent if it does not listen before. */
  readonly starting?: string;
  /** True if its tools read `OPENCLAW_GATEWAY_URL` from the environment. */
  readonly urlFromEnvironment: boolean;
  /** True if a tool inside the gateway connects to the gateway; false if the gateway handles it internally. */
  readonly innerToolsConnect: boolean;
  /** Further entries of its `openclaw.json`. */
  readonly config: Readonly<Record<string, unknown>>;
}

const UNRESOLVABLE = {
  cssomnom: "npm:cssom@^0.5.0",
  libsignal: "npm:is-number@7.0.0",
  "whatsapp-rust-bridge": "npm:is-number@7.0.0",
};

const OLD: Release = {
  node: 22,
  npmArgs: ["--omit=optional", "--ignore-scripts"],
  overrides: UNRESOLVABLE,
  extra: {},
  detailCodes: "all but the protocol's",
  urlFromEnvironment: true,
  innerToolsConnect: true,
  config: {},
};

/** The releases that the tests support. */
const RELEASES: Readonly<Record<string, Release>> = {
  // It compiles its plugins at start for 40 s, and then fails without libsignal.
  "2026.2.19": {
    ...OLD,
    name: "dev",
    detailCodes: "none",
    urlFromEnvironment: false,
    config: { plugins: { enabled: false } },
  },
  "2026.3.13": { ...OLD, extra: { axios: "1.21.1" }, config: { plugins: { enabled: false } } },
  "2026.3.23": { ...OLD, extra: { axios: "1.21.1" } },
  "2026.3.24": { ...OLD, extra: { axios: "1.21.1" } },
  "2026.4.5": {
    ...OLD,
    extra: {
      "@buape/carbon": "0.16.0",
      "@larksuiteoapi/node-sdk": "1.74.0",
      "@slack/web-api": "8.2.0",
      grammy: "1.46.0",
    },
    // Loading plugins uses half a minute of CPU time after it has logged that it is ready.
    config: { plugins: { enabled: false } },
  },
  "2026.3.28": { ...OLD, extra: { axios: "1.21.1" } },
  "2026.4.22": OLD,
  "2026.5.28": { ...OLD, detailCodes: "all" },
  "2026.6.11": { ...OLD, detailCodes: "all" },
  "2026.7.35": { ...OLD, node: 24, detailCodes: "all" },
  "2026.8.2": { ...OLD, node: 24, detailCodes: "all" },
  "2026.9.6": {
    ...OLD,
    node: 24,
    npmArgs: ["--ignore-scripts"],
    overrides: {},
    detailCodes: "all",
    innerToolsConnect: false,
    starting: "startup-sidecars",
  },
};

/** The newest release of the table, the default of all tests. */
export const NEWEST = "2026.9.6";

/** The version of `latest`, once requested. */
let latest: string | undefined;

/** Returns the data of a release; `latest` uses the newest if not in the table. @throws Error for an unknown release */
export function releaseOf(version: string): Release {
  const release = RELEASES[version === latest && !(version in RELEASES) ? NEWEST : version];
  if (release !== undefined) return release;
  const known = Object.keys(RELEASES).join(", ");
  throw new Error(
    `openclaw ${version} is not in test/gateway/releases.ts; choose one of ${known} or "latest"`,
  );
}

/**
 * Returns the releases of `OPENCLAW_VERSIONS`, separated by commas; by default the newest. `latest` is the latest on npm.
 * @throws Error for a release that is not in the table, or if npm fails
 */
export function chosenVersions(environment: NodeJS.ProcessEnv = process.env): string[] {
  const chosen = (environment["OPENCLAW_VERSIONS"] ?? NEWEST).split(",").map((version) => version.trim());
  const versions = chosen.map((version) => (version === "latest" ? latestVersion() : version));
  for (const version of versions) releaseOf(version);
  return [...new Set(versions)];
}

function latestVersion(): string {
  latest ??= execFileSync("npm", ["view", "openclaw", "version"], { encoding: "utf8", stdio: "pipe" }).trim();
  return latest;
}
