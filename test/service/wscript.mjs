// A fake wscript.exe: runs the launcher that a task names, and writes what it did to $FAKE_WINDOWS/launched.
import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";

const [task = ""] = process.argv.slice(2);
const path = /<Arguments>.*"(.+)"/.exec(readFileSync(task, "utf16le"))?.[1] ?? "";
const launcher = path.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
const log = (/** @type {string} */ line) =>
  appendFileSync(join(process.env["FAKE_WINDOWS"] ?? "", "launched"), `${line}\n`);

class Shell {
  Run(/** @type {string} */ command, /** @type {number} */ style, /** @type {boolean} */ wait) {
    const { status } = spawnSync("/bin/sh", ["-c", `exec ${command}`], { stdio: "ignore" });
    log(`run ${style} ${wait}: ${status}`);
    // What TerminateProcess gives.
    return status ?? 1;
  }
}
/** @type {(code: number) => never} */
const Quit = (code) => {
  log(`quit ${code}`);
  process.exit(code);
};
const Sleep = (/** @type {number} */ ms) => log(`sleep ${ms}`);
runInNewContext(readFileSync(launcher, "latin1"), { ActiveXObject: Shell, WScript: { Quit, Sleep } });
