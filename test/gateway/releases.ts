import { execFileSync } from "node:child_process";

/** How one OpenClaw release is installed and started, and the words of its own that tests expect: data only. */
export interface Release {
  /** The major version of Node.js that it runs on. */
  readonly node: number;
  /** Arguments of `npm install` besides the package. */
  readonly npmArgs: readonly string[];
  /** npm `overrides`: dependencies that no longer resolve, or that a gateway on loopback never loads. */
  readonly overrides: Readonly<Record<string, string>>;
  /** Packages that it loads at start and does not list among its own dependencies, with their versions. */
  readonly extra: Readonly<Record<string, string>>;
  /** What it calls itself in the handshake, where that is not its version. */
  readonly name?: string;
  /** Which of its refusals carry `details.code`; the others say `INVALID_REQUEST` and what is wrong in words. */
  readonly detailCodes: "none" | "all but the protocol's" | "all";
  /** What it says to a client that comes before it is ready; absent where it does not listen before. */
  readonly starting?: string;
  /** Whether its tools take `OPENCLAW_GATEWAY_URL` from the environment. */
  readonly urlFromEnvironment: boolean;
  /** Whether a tool inside the gateway that asks the gateway connects to it, as others do; else it is answered within. */
  readonly innerToolsConnect: boolean;
  /** More of its `openclaw.json`. */
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

/** The releases that the tests know how to run. */
const RELEASES: Readonly<Record<string, Release>> = {
  // Its plugins are TypeScript, compiled at start: 40 s, only to fail on the missing libsignal.
  "2026.2.19": {
    ...OLD,
    name: "dev",
    detailCodes: "none",
    urlFromEnvironment: false,
    config: { plugins: { enabled: false } },
  },
  "2026.3.23": { ...OLD, extra: { axios: "1.21.1" } },
  "2026.4.5": {
    ...OLD,
    extra: {
      "@buape/carbon": "0.16.0",
      "@larksuiteoapi/node-sdk": "1.74.0",
      "@slack/web-api": "8.2.0",
      grammy: "1.46.0",
    },
    // Loading them keeps it busy for half a minute of CPU time after it says that it is ready.
    config: { plugins: { enabled: false } },
  },
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

/** The newest release here: the one that every test runs on. */
export const NEWEST = "2026.9.6";

/** What `latest` stands for, once it has been asked for. */
let latest: string | undefined;

/** A release that is newer than the table is run as the newest in it. @throws Error for any other that is not there */
export function releaseOf(version: string): Release {
  const release = RELEASES[version === latest && !(version in RELEASES) ? NEWEST : version];
  if (release !== undefined) return release;
  const known = Object.keys(RELEASES).join(", ");
  throw new Error(`openclaw ${version} is not in test/gateway/releases.ts; there are ${known} and "latest"`);
}

/**
 * The releases to run on: `OPENCLAW_VERSIONS`, separated by commas, or the newest in the table. `latest` is what npm has.
 * @throws Error for a release that is not in the table, and where npm cannot be asked for the latest
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
