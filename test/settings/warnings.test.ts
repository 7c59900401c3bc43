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

  it.each([
    ["0.0.0.0/0", ["--listen", "0.0.0.0:18788"]],
    ["::/0", ["--listen", "[::]:18788", ...BRIDGE]],
    // Every forwarded address is then a private one.
    ["0.0.0.0/0", ["--forwarded", "private"]],
  ])("reports that %s allows every address: %j", async (block, args) => {
    const settings = await load([...args, "--allow-from", block]);
    expect(settingsWarnings(settings).map(problemLine)).toEqual([
      `--allow-from: "${block}" allows every address: to the gateway, all that can reach the shim are local; ` +
        "give only the addresses of your tools, such as 172.17.0.0/16",
    ]);
    // With sockets of systemd, the addresses are not known here.
    expect(settingsWarnings({ ...settings, listen: [] })).toHaveLength(1);
  });

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
