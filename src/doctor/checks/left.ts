import type { Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";
import { isWord } from "../../pairing/fix.ts";

const say = findingsOf("left behind");

/** Devices and requests of this run that could not be removed. */
export const left: Check<Facts> = (facts) =>
  facts.left.map(({ deviceId, requestId }) => {
    if (requestId === undefined) {
      return say.fix(
        `doctor's test device ${deviceId} may be paired still: it could not be removed`,
        `openclaw devices remove ${deviceId}`,
      );
    }
    const command = isWord(requestId)
      ? `openclaw devices reject ${requestId}`
      : "openclaw devices list, then reject it";
    return say.note(
      `the request ${requestId} of doctor's test device ${deviceId} could not be rejected; it expires within five minutes`,
      command,
    );
  });
