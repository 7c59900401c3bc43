import { existsSync } from "node:fs";

/** The process that installs, uninstalls or asks, and where its words go. */
export interface Caller {
  readonly platform: NodeJS.Platform;
  /** Undefined where the platform has none. */
  readonly uid: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** The Node that runs this. */
  readonly execPath: string;
  /** A line on stdout. */
  readonly say: (line: string) => void;
  /** A line on stderr, about what is not as the user may think. */
  readonly warn: (line: string) => void;
  /** A line on stderr, about what is left to do. */
  readonly note: (line: string) => void;
}

/** `say` that also knows whether anything was said. */
export function counted(say: (line: string) => void): {
  readonly say: (line: string) => void;
  readonly any: () => boolean;
} {
  let any = false;
  return {
    say: (line) => {
      any = true;
      say(line);
    },
    any: () => any,
  };
}

/** The environment for systemctl and launchctl. A shell from su or cron does not say where the user's systemd is. */
export function commandEnvironment({ env, uid }: Caller): NodeJS.ProcessEnv {
  const runtime = `/run/user/${uid}`;
  return { ...(existsSync(runtime) && { XDG_RUNTIME_DIR: runtime }), ...env };
}
