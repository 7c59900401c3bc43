import { describe, expect, it } from "vitest";
import { problemLine } from "../../src/settings/settings-error.ts";
import { settingsWarnings } from "../../src/settings/warnings.ts";
import { load } from "./load.ts";

const BRIDGE = ["--allow-from", "172.16.0.0/12"];

describe("a warning", () => {
  it.each([
    [[]],
    [["--listen", "0.0.0.0:18788", ...BRIDGE]],
    [["--listen", "127.0.0.1:18788", "--listen", "10.0.0.5:18788", ...BRIDGE]],
    // There it also says which addresses are private.
    [["--forwarded", "private", ...BRIDGE]],
    [["--approve-scopes", "operator.read", "--approve-scopes", "operator.sessions.write"]],
    [["--approve-roles", "operator", "--approve-roles", "node"]],
  ])("is not given for %j", async (args) => {
    expect(settingsWarnings(await load(args)).map(problemLine)).toEqual([]);
  });

  it.each([[BRIDGE], [["--listen", "127.0.0.2:1", "--listen", "[::1]:1", ...BRIDGE]]])(
    "reports that --allow-from has no effect with loopback listeners only: %j",
    async (args) => {
      expect(settingsWarnings(await load(args)).map(problemLine)).toEqual([
        '--allow-from: "172.16.0.0/12" has no effect, as only this machine can connect to a loopback address; ' +
          "give --listen HOST:PORT with an address that these peers can reach, or leave it out",
      ]);
    },
  );

  it("lists the known scopes and roles for an unknown one", async () => {
    const args = ["--approve-scopes", "operator.raed", "--approve-roles", "operater"];
    const [scope, role, ...others] = settingsWarnings(await load(args)).map(problemLine);
    expect(others).toEqual([]);
    expect(scope).toMatch(
      /^--approve-scopes: "operator\.raed" is not a known scope .*did you mean operator\.read\? known are operator\.admin, /,
    );
    expect(role).toMatch(
      /^--approve-roles: "operater" is not a known role .*; did you mean operator\? known are operator, node$/,
    );
  });
});
