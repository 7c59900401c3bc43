import { isWord } from "../../../outcome/fixes.ts";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check, type Finding } from "../finding.ts";
import type { Left } from "../test-devices.ts";

const say = findingsOf("left behind");

/** Devices and requests of this run that could not be removed. */
export const left: Check<Facts> = (facts) => facts.left.map((one) => describe(one));

function describe({ deviceId, requestId, at }: Left): Finding {
  const where = at === undefined ? "" : ` at the gateway behind ${at}`;
  const there = at === undefined ? "" : "on that gateway's machine: ";
  if (requestId === undefined) {
    return say.fix(
      `doctor's test device ${deviceId} may be paired${where}: it could not be removed`,
      `${there}openclaw devices remove ${deviceId}`,
    );
  }
  return say.note(
    `the request ${requestId} of doctor's test device ${deviceId}${where} could not be rejected; it expires within five minutes`,
    `${there}${isWord(requestId) ? `openclaw devices reject ${requestId}` : "openclaw devices list, then reject it"}`,
  );
}
