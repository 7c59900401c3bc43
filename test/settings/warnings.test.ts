import { describe, expect, it } from "vitest";
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
  ])("is not given for %j", (args) => {
    expect(settingsWarnings(load(args))).toEqual([]);
  });

  it.each([[BRIDGE], [["--listen", "127.0.0.2:1", "--listen", "[::1]:1", ...BRIDGE]]])(
    "says that --allow-from does nothing where only loopback is listened on: %j",
    (args) => {
      expect(settingsWarnings(load(args))).toEqual([
        "--allow-from 172.16.0.0/12 has no effect: nobody but this machine reaches a loopback address; " +
          "give --listen HOST:PORT with an address that they reach, or leave it out",
      ]);
    },
  );

  it("names the known scopes and roles for those that are not known", () => {
    const args = ["--approve-scopes", "operator.raed", "--approve-roles", "operater"];
    const [scope, role, ...others] = settingsWarnings(load(args));
    expect(others).toEqual([]);
    expect(scope).toMatch(
      /^--approve-scopes: "operator\.raed" is no scope .*did you mean operator\.read\? known are operator\.admin, /,
    );
    expect(role).toMatch(
      /^--approve-roles: "operater" is no role .*; did you mean operator\? known are operator, node$/,
    );
  });
});
