import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { windowsPath } from "./wine.ts";

/** The user that `whoami` prints. */
export const USER = "S-1-5-21-1004336348-1177238915-682003330-1001";
/** What the shim gives to its own secrets. */
export const USER_ALONE = `D:P(A;;FA;;;${USER})(A;;FA;;;S-1-5-18)`;
/** What a file in a user's profile inherits. */
export const OWN = `D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;${USER})`;
/** What a file in a folder of C:\ inherits, which all users may read. */
export const PUBLIC = "D:AI(A;ID;FA;;;BA)(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)(A;ID;0x1301bf;;;AU)";

/** Programs of Windows that Wine has not: `system-programs.cjs` in their place, and what they print. */
export interface Doubles {
  /** For the environment of the shim. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets the access list of a file. */
  setAccess(path: string, list: string): void;
  /** Returns the access list that the shim gave to a file. */
  accessOf(path: string): string;
  /** Sets what a program prints. */
  prints(program: "netsh" | "netstat" | "tasklist" | "wsl", text: string): void;
}

/** Makes the programs' answers, for one test. */
export function systemPrograms(): Doubles {
  const root = mkdtempSync(join(tmpdir(), "shim-system-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (name: string, text: string): void => writeFileSync(join(root, name), text, "latin1");
  write("acl-default", OWN);
  const preload = windowsPath(resolve("test/windows/system-programs.cjs")).replaceAll("\\", "/");
  return {
    env: { WINDOWS_DOUBLES: windowsPath(root), NODE_OPTIONS: `--require=${preload}` },
    setAccess: (path, list) => write(`acl-${statSync(path).ino}`, list),
    accessOf: (path) => readFileSync(join(root, `acl-${statSync(path).ino}`), "utf8"),
    prints: write,
  };
}
