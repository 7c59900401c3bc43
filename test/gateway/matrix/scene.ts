import { networkInterfaces } from "node:os";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../../support/client.ts";
import { createDevice, type Device } from "../../../src/openclaw/device.ts";
import { OPERATOR_SCOPES } from "../../../src/openclaw/scopes.ts";
import type { Gateway } from "../gateway.ts";
import { CLIENTS, type Page } from "./clients.ts";

/** What differs from a new CLI with the gateway's token. */
export type Changes = Partial<HandshakeOptions>;

/** A gateway for situations. */
export interface Scene {
  readonly gateway: Gateway;
  readonly page: Page;
  /** The device of pre-pair. */
  readonly prePaired: Device | undefined;
}

/** Brings a situation about and returns what was seen, for one cell of docs/compatibility.md. */
export type See = (scene: Scene) => Promise<string>;

/** Connects one new device in turn. The cell has every result but a leading `ok`. */
export function inTurn(attempts: readonly Changes[] | ((scene: Scene) => readonly Changes[])): See {
  return async (scene) => {
    const device = createDevice();
    const results: string[] = [];
    for (const attempt of typeof attempts === "function" ? attempts(scene) : attempts)
      results.push(resultOf(await connect(scene.gateway, { device, ...attempt })));
    return results.filter((result, at) => result !== "ok" || at === results.length - 1).join(", then ");
  };
}

/** Connects a client that requests all scopes, and tries calls. The cell has the scopes with which they succeed. */
export function scopesOf(attempt: Changes): See {
  return async ({ gateway }) => {
    const result = await connect(gateway, { scopes: OPERATOR_SCOPES, ...attempt, keepOpen: true });
    const { session } = result.ok ? result : {};
    if (session === undefined) return resultOf(result);
    const has = async (method: string): Promise<boolean> =>
      session.request(method).then(
        () => true,
        (error: unknown) => !String(error).includes("missing scope"),
      );
    const mayRead = await has("cron.list");
    // Without its parameters it does nothing.
    const mayAll = await has("cron.add");
    await session.close();
    return mayAll ? "all" : mayRead ? "operator.read" : "none";
  };
}

async function connect({ url, token }: Gateway, attempt: Changes): Promise<HandshakeResult> {
  return handshake({ url, token, device: createDevice(), ...attempt });
}

/** @throws Error if the gateway did not respond */
function resultOf(result: HandshakeResult): string {
  if (result.ok) return "ok";
  const { http, close, error } = result;
  if (http) return String(http.status);
  if (!close) throw new Error(`no response: ${JSON.stringify(result)}`);
  const { reason, code } = error?.details ?? {};
  const why = error?.code === "NOT_PAIRED" ? reason : (code ?? error?.message);
  return `${close.code} ${typeof why === "string" ? why : ""}`.trimEnd();
}

/** The gateway's own page. */
export function controlUi(page: Page, client: object = {}): Changes {
  const attempt = CLIENTS.find(({ name }) => name === "Control UI")?.connect(page);
  return { ...attempt, client: { ...attempt?.client, ...client } };
}

/** Returns an address of this machine. @throws Error if this machine has no address that is not loopback */
export function outerAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(({ internal, family }) => !internal && family === "IPv4");
  if (found) return found.address;
  throw new Error("the situations on a LAN need an IPv4 address that is not loopback");
}
