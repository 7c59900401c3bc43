import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journal, property, shim, UNIT, until, startGateway } from "./act.ts";
import { Machine } from "./machine.ts";
import { TOKEN } from "./scripts.ts";

const TOKEN_FILE = "/etc/openclaw-gateway-token";
const DIRECTIVE = `\nLoadCredential=openclaw-gateway-token:${TOKEN_FILE}\n`;

let machine: Machine;

beforeAll(async () => {
  machine = await Machine.create();
  await machine.boot();
  await startGateway(machine);
  await machine.run(["sh", "-c", `umask 077 && echo ${TOKEN} > ${TOKEN_FILE}`]);
  await shim(machine, ["install", "--system", "--approve", "seen", "--token-file", TOKEN_FILE]);
});
afterAll(() => machine?.close());

async function events(): Promise<unknown[]> {
  return (await journal(machine)).map((line) => (JSON.parse(line) as { readonly event: unknown }).event);
}

describe("the gateway's token, from a file that only root reads", () => {
  it("comes from systemd, and the gateway accepts it", async () => {
    expect(await until(events, (found) => found.includes("approver.up"))).not.toContain("approver.identity");
    expect(await machine.run(["systemctl", "cat", UNIT])).toContain(DIRECTIVE);
  });

  it("is nowhere else", async () => {
    const pid = await property(machine, "MainPID");
    const places = [
      "/etc/systemd/system",
      "/etc/openclaw-shim",
      `/proc/${pid}/environ`,
      `/proc/${pid}/cmdline`,
    ];
    expect(
      await machine.attempt(["grep", "-raF", "--exclude=openclaw-gateway.service", TOKEN, ...places]),
    ).toMatchObject({
      code: 1,
      stdout: "",
    });
    expect((await journal(machine)).join("\n")).not.toContain(TOKEN);
  });

  it("is kept by a later install that does not name it", async () => {
    await shim(machine, ["install", "--system", "--hold", "20s"]);
    expect(await machine.run(["systemctl", "cat", UNIT])).toContain(DIRECTIVE);
    await until(events, (found) => found.filter((event) => event === "approver.up").length === 2);
  });

  it("is removed by uninstall, except for the user's file", async () => {
    await shim(machine, ["uninstall", "--system"]);
    expect(await machine.run(["find", "/etc", "/var/lib", "/usr/local", "-name", "*openclaw-shim*"])).toBe(
      "",
    );
    expect(await machine.run(["cat", TOKEN_FILE])).toBe(`${TOKEN}\n`);
    expect(await property(machine, "LoadState", UNIT)).toBe("not-found");
  });
});
