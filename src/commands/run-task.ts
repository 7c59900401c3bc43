import { copyFileSync, fstatSync, openSync, truncateSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CommandContext } from "../cli/command.ts";
import type { Stdout } from "../log/logger.ts";
import { problemLine, SettingsError } from "../settings/settings-error.ts";
import { run } from "./run.ts";
import { NAME } from "./service/service-settings.ts";
import { findRunning, listenForStop } from "./service/stop-pipe.ts";
import { TASK_FILES } from "./service/windows-task.ts";

/** Of the log, and as much again of the one before. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;

/**
 * Runs the proxy as the Scheduled Task does, without a console: it logs to a file beside the program, and stops when
 * `uninstall` or `install` asks for it.
 *
 * @param folder the program's
 * @returns 0 if it was stopped, 2 for what another start does not fix, else 1
 */
export async function runTask(
  context: CommandContext,
  folder = dirname(import.meta.filename),
): Promise<number> {
  const control = join(folder, TASK_FILES.control);
  const stdout = openLog(join(folder, TASK_FILES.log));
  const complain = (line: string): unknown => stdout.write(`${NAME}: ${line}\n`);
  try {
    const pid = await findRunning(control);
    if (pid !== undefined) {
      complain(`the task runs already (pid ${pid})`);
      return 2;
    }
    const { requested } = await listenForStop(control);
    const stopped = () => Promise.race([context.stopped(), requested]);
    return await run({ ...context, stdout, complain, stopped });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) complain(problemLine(problem));
    return 2;
  }
}

/** Opens a log of at most `MAX_LOG_BYTES`. What was in a full one is then in `FILE.1`. */
function openLog(path: string): Stdout {
  const fd = openSync(path, "a", 0o600);
  let size = fstatSync(fd).size;
  const makeRoom = (bytes: number): void => {
    if (size + bytes > MAX_LOG_BYTES) {
      // Not renamed: on Windows that fails while another program reads it.
      attempt(() => copyFileSync(path, `${path}.1`));
      attempt(() => truncateSync(path));
      size = 0;
    }
    size += bytes;
  };
  const write = (text: string): boolean => {
    makeRoom(Buffer.byteLength(text));
    return attempt(() => writeSync(fd, text));
  };
  return { fd, write, makeRoom, isTTY: false, columns: 0, writableLength: 0 };
}

/** A full disk, or a file that is gone, costs lines of the log, and nothing else. */
function attempt(step: () => unknown): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}
