import type { DialFailure } from "../../upstream/dial.ts";
import type { TokenProblem } from "../../openclaw/token.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Attempt } from "./attempt.ts";
import type { Devices } from "./devices.ts";
import type { ListeningProcess } from "./listening-process.ts";
import type { OpenclawFiles } from "./openclaw-files.ts";
import type { PathFacts } from "./path.ts";
import type { SeenOutcome } from "./running-shim.ts";
import type { Left } from "./test-devices.ts";
import type { ToolUrl } from "./tool-urls.ts";

/** A shim on the addresses of `--listen`, or the want of one. */
export type ShimFacts =
  | {
      readonly state: "running";
      /** `127.0.0.1:18788`. */
      readonly address: string;
      readonly version: string;
      /** Why it does not reach its gateway, by its own word. */
      readonly unreachable: string | undefined;
      readonly attempt: Attempt | undefined;
      /** Another gateway answered through it. */
      readonly elsewhere: boolean;
      /** What it reported of other clients than this run's, oldest first. */
      readonly outcomes: readonly SeenOutcome[];
    }
  | {
      readonly state: "absent";
      /** By a shim that this run opened for itself and closed again. */
      readonly attempt: Attempt | undefined;
      /** Something else listens where the shim would. */
      readonly taken?: { readonly address: string; readonly why: string; readonly by?: ListeningProcess };
    };

/** All that was gathered, before anything is judged. Holds no secret. */
export interface Facts {
  /** How the user called this program, for commands to copy. */
  readonly program: string;
  readonly settings: Settings;
  readonly openclaw: OpenclawFiles;
  /** Where token or password are from, or why there are none. */
  readonly credential: { readonly from: string; readonly warning?: TokenProblem } | TokenProblem;
  /** Why the gateway's port takes no connection. */
  readonly unreachable: DialFailure | undefined;
  /** What answers where the gateway should is an openclaw-shim: nothing was tried through it. */
  readonly gatewayIsShim: boolean;
  /** Straight to the gateway with the token and no device: leaves no trace on any release. */
  readonly plain: Attempt | undefined;
  /** Straight to the gateway with a new device, as a tool's first connection is. */
  readonly direct: Attempt | undefined;
  readonly shim: ShimFacts;
  /** Where the tools of this environment connect. */
  readonly tools: ToolUrl;
  /** Whether this environment has the credentials that tools want for a URL from the environment. */
  readonly hasEnvironmentCredentials: boolean;
  /** Variables that lead those connections through an HTTP proxy. */
  readonly proxyVariables: readonly string[];
  /** `--via` that are the shim or the gateway by their address, and so no ways to look at. */
  readonly noWays: readonly ToolUrl[];
  /** Ways that are neither the shim nor the gateway by their address. */
  readonly paths: readonly PathFacts[];
  /** Who waits and who is paired, this run's devices left out: by the gateway's word, else from OpenClaw's files. */
  readonly devices: Devices | undefined;
  /** Who listens where the gateway should. */
  readonly listener: ListeningProcess | undefined;
  /** The runtime that the gateway's log names, where the listener could not be seen. */
  readonly runtime: string | undefined;
  /** This run's devices that could not be removed. */
  readonly left: readonly Left[];
  /** Unix time in milliseconds. */
  readonly now: number;
}

/** The gateway's version as it says, from whichever attempt got that far. */
export function versionOf({ direct, plain }: Pick<Facts, "direct" | "plain">): string | undefined {
  for (const attempt of [direct, plain]) if (attempt?.connected) return attempt.hello.version;
  return undefined;
}
