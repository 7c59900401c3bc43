import type { Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";

const say = findingsOf("files");

/** Whether OpenClaw's own files can be read, and are whole. */
export const files: Check<Facts> = ({ openclaw, direct }) => {
  const { bad, gateway, shownConfigPath, includes } = openclaw;
  const findings = bad.map(({ shownPath, why }) =>
    say.fix(
      `${shownPath} ${why}`,
      why.startsWith("cannot be read")
        ? "run openclaw-shim doctor as the owner of OpenClaw's files"
        : "stop the gateway and mend the file, or restore it (openclaw doctor helps)",
    ),
  );
  const used = direct?.connected ? direct.hello.configPath : undefined;
  if (used !== undefined && used !== shownConfigPath) {
    findings.push(
      say.note(
        `the gateway uses ${used}, but ${shownConfigPath} was read here: what follows about its config may be wrong`,
        `run openclaw-shim doctor with OPENCLAW_CONFIG_PATH=${used}, as a user who may read it`,
      ),
    );
  }
  if (includes) {
    findings.push(say.note(`${shownConfigPath} has $include: what is in the files it names was not read`));
  }
  if (findings.length > 0) return findings;
  return gateway ? say.ok(`${shownConfigPath} was read`) : say.note(`there is no ${shownConfigPath}`);
};
