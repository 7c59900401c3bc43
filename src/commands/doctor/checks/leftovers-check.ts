import { shellWord } from "../../../errors.ts";
import { note, toFix, type Check } from "../finding.ts";

/** Removes this run's test devices and reports those that could not be removed. It is the last check. */
export const leftoversCheck: Check = {
  name: "left behind",
  async run({ leftovers }) {
    return (await leftovers()).map(({ deviceId, requestId, at }) => {
      const where = at === undefined ? "" : ` at the gateway behind ${at}`;
      const there = at === undefined ? "" : " on that gateway's machine";
      if (requestId === undefined) {
        return toFix(`doctor's test device ${deviceId} may be paired${where}: it could not be removed`, {
          fix: `remove it${there}`,
          command: `openclaw devices remove ${deviceId}`,
        });
      }
      const command =
        shellWord(requestId) !== undefined ? `openclaw devices reject ${requestId}` : "openclaw devices list";
      return note(
        `the request ${requestId} of doctor's test device ${deviceId}${where} could not be rejected; it expires within five minutes`,
        { fix: `reject it${there}`, command },
      );
    });
  },
};
