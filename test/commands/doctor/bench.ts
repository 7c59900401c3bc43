import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { startFakeGateway, type FakeGateway, type FakeGatewayOptions } from "../../fake-gateway/server.ts";

export const TOKEN = "s3kr3t-of-the-gateway";

/** A gateway of a release, in this process, that ends with the test. */
export async function startTestGateway(options: Partial<FakeGatewayOptions> = {}): Promise<FakeGateway> {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN, ...options });
  onTestFinished(() => gateway.close());
  return gateway;
}

/** A user's home with an `openclaw.json`, and further files of the state directory by their names; it ends with the test. */
export function makeHome(gateway: object, files: Readonly<Record<string, string>> = {}): string {
  const home = mkdtempSync(join(tmpdir(), "shim-doctor-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const all = { "openclaw.json": JSON.stringify({ gateway }), ...files };
  for (const [name, text] of Object.entries(all)) {
    const path = join(home, ".openclaw", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o600);
  }
  return home;
}

/** The `gateway` section of a gateway that is there. */
export function sectionOf({ port }: FakeGateway, more: object = {}): object {
  return { mode: "local", port, auth: { mode: "token", token: TOKEN }, ...more };
}
