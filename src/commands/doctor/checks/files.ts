import { basename } from "node:path";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check, type Finding } from "../finding.ts";
import type { BadFile } from "../openclaw-files.ts";
import { list } from "./words.ts";

const say = findingsOf("files");

/** Whether OpenClaw's own files can be read, and are whole. */
export const files: Check<Facts> = ({ openclaw, direct, program }) => {
  const { bad, gateway, shownConfigPath, includes } = openclaw;
  const findings = [...unreadable(bad, program), ...damaged(bad)];
  const used = direct?.connected ? direct.hello.configPath : undefined;
  if (used !== undefined && used !== shownConfigPath) {
    findings.push(
      say.note(
        `the gateway uses ${used}, but ${shownConfigPath} was read here: what follows about its config may be wrong`,
        `run ${program} doctor with OPENCLAW_CONFIG_PATH=${used}, as a user who may read it`,
      ),
    );
  }
  if (includes) {
    findings.push(say.note(`${shownConfigPath} has $include: what is in the files it names was not read`));
  }
  if (findings.length > 0) return findings;
  return gateway ? say.ok(`${shownConfigPath} was read`) : say.note(`there is no ${shownConfigPath}`);
};

/** One finding for all of them: a folder that is closed closes every file in it. */
function unreadable(bad: readonly BadFile[], program: string): Finding[] {
  const [first, ...more] = bad.filter(({ why }) => isUnreadable(why));
  if (!first) return [];
  const others =
    more.length === 0 ? "" : `, nor can ${list(more.map(({ shownPath }) => basename(shownPath)))}`;
  return [
    say.fix(
      `${first.shownPath} ${first.why}${others}`,
      `run ${program} doctor as the owner of OpenClaw's files`,
    ),
  ];
}

function damaged(bad: readonly BadFile[]): Finding[] {
  return bad
    .filter(({ why }) => !isUnreadable(why))
    .map(({ shownPath, why }) =>
      say.fix(
        `${shownPath} ${why}`,
        "stop the gateway and mend the file, or restore it (openclaw doctor helps)",
      ),
    );
}

function isUnreadable(why: string): boolean {
  return why.startsWith("cannot be read");
}
