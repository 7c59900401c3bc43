import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runSystemProgram } from "../net/system-program.ts";
import { messageOf } from "../text/printable.ts";
import { EVERYBODY } from "./small-file.ts";

// Windows has neither owners nor modes that Node.js shows: who may read a file is in its access list.

/** May read every file anyway, or own it: SYSTEM, administrators, owner rights (Win32, SID strings). */
const PRIVILEGED = /^(?:SY|BA|LA|DA|EA|OW|S-1-5-18|S-1-5-32-544|S-1-3-4|S-1-5-21-[\d-]+-5(?:00|12|19))$/;
/** Everyone, anonymous, authenticated, interactive, network, domain and other users, guests, all applications. */
const PUBLIC =
  /^(?:WD|AN|AU|IU|NU|BU|BG|DU|DG|LG|AC|S-1-1-0|S-1-5-(?:2|4|7|11)|S-1-5-32-54[56]|S-1-5-21-[\d-]+-51[34]|S-1-15-2-1)$/;
/** Accounts of services, as access lists abbreviate them (Win32, SID strings). */
const ABBREVIATED: ReadonlyMap<string, string> = new Map([
  ["LS", "S-1-5-19"],
  ["NS", "S-1-5-20"],
]);

/**
 * Returns who else may read or write a file, and how to change that: on Windows by its access list, elsewhere by its mode.
 *
 * @param byMode what `readSmallFile` found
 * @returns no `openTo` if only this user and administrators may; why, as the end of the sentence `FILE …`
 */
export function exposureOf(path: string, byMode: string | undefined) {
  if (process.platform !== "win32") return openness(byMode, "give it mode 0600");
  try {
    const user = currentUser();
    const [program, file, ...rest] = restricting(path, user);
    return openness(openToIn(savedAccessList(path), user), `run ${program} "${file}" ${rest.join(" ")}`);
  } catch (error) {
    const why = `cannot be checked for who may read it: ${messageOf(error)}`;
    return { openTo: EVERYBODY, why, fix: "run this as the file's owner, with icacls and whoami of Windows" };
  }
}

function openness(openTo: string | undefined, fix: string) {
  return openTo === undefined ? {} : { openTo, why: `is open to ${openTo}`, fix };
}

/**
 * Returns who may read or write a file, besides `user`, administrators and the system.
 *
 * @param saved what `icacls FILE /save` wrote: the name, and the list in SDDL (Win32, security descriptor strings)
 * @throws Error if it has no access list
 */
export function openToIn(saved: string, user: string): string | undefined {
  const [, list] = /^D:(.*)$/m.exec(saved) ?? [];
  if (list === undefined) throw new Error("icacls shows no access list");
  if (list.startsWith("NO_ACCESS_CONTROL")) return EVERYBODY;
  // Type, flags, rights, two object types, trustee. A condition may follow, in parentheses of its own.
  const entries = list.split("(").map((entry) => entry.split(/[;)]/));
  const trustees = entries
    .filter(([type = "", flags = ""]) => /^[XOZ]?A$/.test(type) && !flags.includes("IO"))
    .map(([, , , , , trustee = ""]) => ABBREVIATED.get(trustee) ?? trustee);
  const others = trustees.filter((trustee) => trustee !== user && !PRIVILEGED.test(trustee));
  if (others.some((trustee) => PUBLIC.test(trustee))) return EVERYBODY;
  return others[0] && `the user or group ${others[0]}`;
}

/** Gives a file on Windows an access list for this user and the system alone. Throws Error if that fails. */
export function restrictToUser(path: string): void {
  if (process.platform === "win32") runSystemProgram(...restricting(path, currentUser()));
}

function restricting(path: string, user: string): [string, ...string[]] {
  return ["icacls", resolve(path), "/inheritance:r", "/grant:r", `*${user}:F`, "*S-1-5-18:F"];
}

/** Saves the list into a file: what icacls prints names users in the language of Windows. */
function savedAccessList(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-shim-"));
  try {
    const saved = join(folder, "acl");
    runSystemProgram("icacls", resolve(path), "/save", saved);
    return readFileSync(saved, "utf16le");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function currentUser(): string {
  const [sid] = /S-1-[\d-]+/.exec(runSystemProgram("whoami", "/user", "/fo", "csv", "/nh")) ?? [];
  if (sid === undefined) throw new Error("whoami shows no security identifier");
  return sid;
}
