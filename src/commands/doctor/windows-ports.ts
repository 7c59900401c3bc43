import { runSystemProgram } from "../../net/system-program.ts";
import { printable } from "../../text/printable.ts";

/** Finds the process that listens on a TCP port of Windows. */
export function findWindowsListener(port: number) {
  const rows = linesOf("netstat", "-ano", "-p", "TCP").map((line) => line.trim().split(/\s+/));
  // The name of the state is in the language of Windows; only a listener has no port at its other end.
  const [, , , , pid = "0"] =
    rows.find(([, local = "", remote = ""]) => local.endsWith(`:${port}`) && remote.endsWith(":0")) ?? [];
  if (!/^[1-9]\d*$/.test(pid)) return undefined;
  const [, name = "a process"] =
    /^"([^"]+)"/.exec(linesOf("tasklist", "/fi", `PID eq ${pid}`, "/fo", "csv", "/nh").join("\n")) ?? [];
  const program = printable(name, 64);
  return { pid: Number(pid), program, shown: `${program} (pid ${pid})` };
}

/** Returns the range of ports that Windows reserves around a port, as netsh shows it: `18700-18799`. */
export function reservedRange(port: number): string | undefined {
  const rows = linesOf("netsh", "int", "ipv4", "show", "excludedportrange", "protocol=tcp");
  const ranges = rows.map((line) => /^\s*(\d+)\s+(\d+)/.exec(line) ?? []);
  const [, first, last] = ranges.find(([, from, to]) => Number(from) <= port && port <= Number(to)) ?? [];
  return first === undefined ? undefined : `${first}-${last}`;
}

function linesOf(program: string, ...args: readonly string[]): string[] {
  try {
    return runSystemProgram(program, ...args).split(/\r?\n/);
  } catch {
    return [];
  }
}
