import { basename } from "node:path";
import { note, ok, toFix, type Check, type Result } from "../finding.ts";
import { list } from "../findings-format.ts";
import type { BadFile } from "../openclaw-files.ts";

/** Judges whether OpenClaw's own files can be read, and are whole. */
export const openclawFilesCheck: Check = {
  name: "files",
  async run({ openclaw, configProblem, settings, program, gateway }) {
    const { bad, shownConfigPath, includes } = openclaw;
    const results = [...denied(bad, program), ...damaged(bad)];
    if (configProblem !== undefined && !bad.some(({ shownPath }) => shownPath === shownConfigPath)) {
      const finding = `${configProblem}; ${settings.gateway.url} was checked instead`;
      results.push(toFix(finding, { fix: "fix it, or give --gateway URL" }));
    }
    const used = (await gateway()).hello?.configPath;
    if (used !== undefined && used !== shownConfigPath) {
      results.push(
        note(
          `the gateway uses ${used}, but ${shownConfigPath} was read here: what follows about its config may be wrong`,
          {
            fix: "run doctor with OPENCLAW_CONFIG_PATH set to that file, as a user who may read it",
            ...(/^[\w./-]+$/.test(used) && { command: `OPENCLAW_CONFIG_PATH=${used} ${program} doctor` }),
          },
        ),
      );
    }
    if (includes)
      results.push(note(`${shownConfigPath} has $include: the files that it names were not read`));
    if (results.length > 0) return results;
    return openclaw.gateway ? ok(`${shownConfigPath} was read`) : note(`there is no ${shownConfigPath}`);
  },
};

/** One finding for all of them: a folder that is closed closes every file in it. */
function denied(bad: readonly BadFile[], program: string): Result[] {
  const [first, ...more] = bad.filter((file) => file.denied);
  if (!first) return [];
  const names = more.map(({ shownPath }) => basename(shownPath));
  const others = more.length === 0 ? "" : `, nor can ${list(names)}`;
  const fix = `run ${program} doctor as the owner of OpenClaw's files`;
  return [toFix(`${first.shownPath} ${first.why}${others}`, { fix })];
}

function damaged(bad: readonly BadFile[]): Result[] {
  const fix = "stop the gateway and fix the file, or restore it (openclaw doctor helps)";
  return bad
    .filter((file) => !file.denied)
    .map(({ shownPath, why }) => toFix(`${shownPath} ${why}`, { fix }));
}
