import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { exposureOf, openToIn, restrictToUser } from "../../src/openclaw/access-list.ts";
import { EVERYBODY } from "../../src/openclaw/small-file.ts";

const USER = "S-1-5-21-1004336348-1177238915-682003330-1001";
const OTHER = "S-1-5-21-1004336348-1177238915-682003330-1002";

describe("an access list that icacls saved", () => {
  it.each([
    ["a user's profile", `D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;${USER})`, undefined],
    ["this user alone", `D:PAI(A;;FA;;;${USER})`, undefined],
    ["nobody", "D:P", undefined],
    ["an administrator's", "D:PAI(A;;FA;;;LA)(A;;FA;;;OW)", undefined],
    ["others denied", `D:PAI(D;;FA;;;WD)(A;;FA;;;${USER})`, undefined],
    ["inherited by children alone", `D:PAI(A;OICIIO;FA;;;WD)(A;;FA;;;${USER})`, undefined],
    ["everyone", `D:PAI(A;;FA;;;${USER})(A;;FR;;;WD)`, EVERYBODY],
    [
      "a folder of C:\\",
      "D:AI(A;ID;FA;;;BA)(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)(A;ID;0x1301bf;;;AU)",
      EVERYBODY,
    ],
    ["everyone by number", "D:(A;;0x1;;;S-1-1-0)", EVERYBODY],
    ["no access list, as on FAT", "D:NO_ACCESS_CONTROL", EVERYBODY],
    ["a condition", `D:(XA;;FR;;;WD;(Member_of {SID(BA)}))(A;;FA;;;${USER})`, EVERYBODY],
    ["behind a condition", `D:(XA;;FR;;;${USER};(@USER.x == "a;b"))(A;;FA;;;AU)`, EVERYBODY],
    ["another user", `D:(A;;FA;;;${USER})(A;;FR;;;${OTHER})`, `the user or group ${OTHER}`],
  ])("of %s", (_what, list, openTo) => {
    expect(openToIn(`token (1).txt\r\n${list}\r\n`, USER)).toBe(openTo);
  });

  it("of a service's account has its abbreviation", () => {
    expect(openToIn("\uFEFFf\r\nD:(A;;FA;;;LS)\r\n", "S-1-5-19")).toBeUndefined();
  });

  it.each(["", "D\r\n", "token.txt\r\n"])("is required: %j", (saved) => {
    expect(() => openToIn(saved, USER)).toThrow("icacls shows no access list");
  });
});

it.runIf(process.platform === "win32")("a file is given to this user alone, on Windows", () => {
  const folder = mkdtempSync(join(tmpdir(), "shim access "));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "secret & ü.txt");
  writeFileSync(path, "");
  restrictToUser(path);
  expect(exposureOf(path, undefined)).toEqual({});
});
