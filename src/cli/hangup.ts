import { closeSync, openSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/**
 * Returns true if nohup(1) started the process. Node.js resets the signal's disposition at its start (seen in 18 to 26),
 * so what nohup leaves behind must do: the shell's variable `_` with its path, or on Linux an unreadable stdin.
 */
export function isUnderNohup(env: NodeJS.ProcessEnv): boolean {
  if (basename(env["_"] ?? "") === "nohup") return true;
  try {
    // The access mode is the last octal digit: 1 is O_WRONLY (proc_pid_fdinfo(5)).
    return /^flags:\s*\d*1$/m.test(readFileSync("/proc/self/fdinfo/0", "utf8"));
  } catch {
    return false;
  }
}

/** Returns true if the process has a controlling terminal. On Windows SIGHUP always means that the console is closed. */
export function hasTerminal(): boolean {
  if (process.platform === "win32") return true;
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

/** Closes the standard streams, before an exit: Node.js aborts if it cannot reset a terminal that is gone. */
export function leaveTerminal(): void {
  for (const fd of [0, 1, 2]) {
    try {
      closeSync(fd);
    } catch {
      // It is closed already.
    }
  }
}
