import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Device } from "../../../src/openclaw/device.ts";
import type { ReleaseFact } from "../../../src/openclaw/releases.ts";
import { startGateway, type Gateway } from "../gateway.ts";
import type { OpenClaw } from "../openclaw.ts";
import { startPrePairedGateway } from "../pre-paired.ts";
import { REWRITTEN_HOST, REWRITTEN_ORIGIN } from "./injected.ts";
import { pageBuild } from "./run.ts";
import { controlUi, inTurn, outerAddress, scopesOf, type See } from "./scene.ts";

/** One row of docs/compatibility.md. */
export interface Situation {
  readonly what: string;
  /** A fact of src/openclaw/release-facts.json, which holds for a release if its cell matches. */
  readonly fact?: readonly [name: ReleaseFact, cell: RegExp];
  readonly see: See;
}

const READ = ["operator.read"];
const ADMIN = ["operator.admin"];
const NODE = { role: "node", scopes: [], client: { id: "node-host", mode: "node" } };
/** From a header-injecting proxy, with an address of RFC 5737's documentation network. */
const FORWARDED = { headers: { "X-Forwarded-For": "203.0.113.7" } };
const CEILING = { headers: { "x-openclaw-scopes": "operator.read" } };
const BACKEND = { id: "gateway-client", mode: "backend" };

/** A client without a device: some keep the scopes that they request. */
function withoutDevice(id: string, mode: string): Situation {
  const what = `scopes without a device: \`${id}\`, mode \`${mode}\``;
  if (mode !== "webchat") return { what, see: scopesOf({ client: { id, mode }, device: undefined }) };
  const see: See = (scene) => {
    const { origin, buildId } = scene.page;
    const client = { id, mode, ...(buildId !== undefined && { buildId }) };
    return scopesOf({ client, device: undefined, origin })(scene);
  };
  return { what, see };
}

/** On a gateway of the default configuration, over clean loopback. */
const ON_LOOPBACK: readonly Situation[] = [
  {
    what: "a new CLI with a forwarding header",
    fact: ["forwardingRefused", /^403$/],
    see: inTurn([FORWARDED]),
  },
  {
    what: `a new CLI with \`Host: ${REWRITTEN_HOST}\``,
    fact: ["hostDecidesLocality", /^1008/],
    see: inTurn([{ headers: { Host: REWRITTEN_HOST } }]),
  },
  {
    what: "stale request: first with a forwarding header, then without",
    see: inTurn([FORWARDED, {}]),
  },
  {
    what: "scope upgrade: paired with `operator.read`, requests `operator.admin`",
    fact: ["scopeUpgradesRefused", /^1008/],
    see: inTurn([{ scopes: READ }, { scopes: ADMIN }]),
  },
  { what: "role upgrade: a CLI becomes a node", see: inTurn([{}, NODE]) },
  { what: "role upgrade: a node becomes a CLI", see: inTurn([NODE, {}]) },
  {
    what: "metadata upgrade: a CLI's platform changes",
    see: inTurn([{ client: { platform: "linux" } }, { client: { platform: "darwin" } }]),
  },
  {
    what: "metadata upgrade: the Control UI's platform changes",
    see: inTurn(({ page }) => [controlUi(page), controlUi(page, { platform: "MacIntel" })]),
  },
  {
    what: "`x-openclaw-scopes: operator.read`, a CLI requests all scopes",
    // src/ceiling/ relies on the same releases in `forwardingRefused`.
    fact: ["scopeCeilingHeader", /^operator\.read$/],
    see: scopesOf(CEILING),
  },
  {
    what: "`x-openclaw-scopes: operator.read`, a backend without a device requests all scopes",
    see: scopesOf({ ...CEILING, client: BACKEND, device: undefined }),
  },
  { ...withoutDevice("cli", "cli"), fact: ["cliKeepsScopes", /^all$/] },
  withoutDevice("cli", "ui"),
  { ...withoutDevice("gateway-client", "backend"), fact: ["backendKeepsScopes", /^all$/] },
  withoutDevice("gateway-client", "cli"),
  withoutDevice("gateway-client", "ui"),
  withoutDevice("openclaw-macos", "ui"),
  withoutDevice("openclaw-control-ui", "webchat"),
  withoutDevice("webchat-ui", "webchat"),
  withoutDevice("openclaw-probe", "probe"),
  withoutDevice("test", "test"),
  {
    what: "the canvas, requested without a token",
    fact: ["canvasWithoutToken", /^200$/],
    see: async ({ gateway }) => {
      const { status } = await fetch(`http://127.0.0.1:${gateway.port}/__openclaw__/a2ui/`);
      return String(status);
    },
  },
  {
    what: "where paired devices are stored",
    see: async ({ gateway }) =>
      existsSync(join(gateway.home.path, ".openclaw/devices/paired.json")) ? "JSON" : "SQLite",
  },
];

/** `gateway.trustedProxies` covers loopback, and pre-pair ran with `--scope operator.write` before the first start. */
const BEHIND_TRUSTED_PROXY: readonly Situation[] = [
  {
    what: "`trustedProxies` covers loopback: a new CLI",
    fact: ["trustedProxiesUnlocal", /^1008/],
    see: inTurn([{}]),
  },
  {
    what: "`trustedProxies` covers loopback: a new CLI with a public `X-Forwarded-For`",
    fact: ["detailsCode", /^1008 not-paired$/],
    see: inTurn([FORWARDED]),
  },
  {
    what: "`trustedProxies` covers loopback: the Control UI with a public `X-Forwarded-For`, its origin allowed",
    see: inTurn(({ page: { buildId } }) => [
      {
        ...controlUi({ origin: REWRITTEN_ORIGIN, buildId }),
        headers: { ...FORWARDED.headers, Host: REWRITTEN_HOST },
      },
    ]),
  },
  {
    what: "`trustedProxies` covers loopback, stale request: first with a public `X-Forwarded-For`, then without",
    see: inTurn([FORWARDED, {}]),
  },
  {
    what: "pre-paired with `operator.write`, not local: requests `operator.write`",
    see: inTurn(({ prePaired }) => [{ ...FORWARDED, device: prePaired, scopes: ["operator.write"] }]),
  },
  {
    what: "pre-paired with `operator.write`, not local: requests `operator.read`",
    fact: ["impliedScopes", /^ok$/],
    see: inTurn(({ prePaired }) => [{ ...FORWARDED, device: prePaired, scopes: READ }]),
  },
];

/** `gateway.bind` is `lan`, and the Control UI needs no device, as far as the release knows such settings. */
const ON_LAN: readonly Situation[] = [
  {
    what: "`bind: lan`, stale request: first from an address that is not loopback, then from loopback",
    see: inTurn(({ gateway }) => [{ url: `ws://${outerAddress()}:${gateway.port}` }, {}]),
  },
  {
    what: "`controlUi.allowInsecureAuth` and `.dangerouslyDisableDeviceAuth`: the Control UI without a device",
    fact: ["controlUiKeysRetired", /^1008/],
    see: inTurn(({ page }) => [{ ...controlUi(page), device: undefined }]),
  },
];

/** Every situation, in the order of the page. */
export const SITUATIONS: readonly Situation[] = [...ON_LOOPBACK, ...BEHIND_TRUSTED_PROXY, ...ON_LAN];

/**
 * Brings about every situation on a release, with one gateway at a time beside `plain`.
 * @param plain a gateway of the default configuration
 * @returns the cells by the situations' texts
 */
export async function seeSituations(openclaw: OpenClaw, plain: Gateway): Promise<Record<string, string>> {
  const scope = ["--scope", "operator.write"];
  return {
    ...(await seeOn(plain, ON_LOOPBACK)),
    ...(await seeAndClose(
      await startPrePairedGateway(openclaw, scope, { config: TRUSTED }),
      BEHIND_TRUSTED_PROXY,
    )),
    ...(await seeAndClose(await startGateway(openclaw, { config: LAN }), ON_LAN)),
  };
}

const TRUSTED = {
  trustedProxies: ["127.0.0.1", "::1"],
  controlUi: { allowedOrigins: [REWRITTEN_ORIGIN] },
};
const LAN = {
  bind: "lan",
  controlUi: {
    // Newer releases do not start on a LAN without a list.
    allowedOrigins: ["http://127.0.0.1"],
    allowInsecureAuth: true,
    dangerouslyDisableDeviceAuth: true,
  },
};

async function seeAndClose(
  gateway: Gateway & { readonly device?: Device },
  situations: readonly Situation[],
): Promise<Record<string, string>> {
  try {
    return await seeOn(gateway, situations);
  } finally {
    await gateway.close();
  }
}

async function seeOn(
  gateway: Gateway & { readonly device?: Device },
  situations: readonly Situation[],
): Promise<Record<string, string>> {
  const page = { origin: `http://127.0.0.1:${gateway.port}`, buildId: await pageBuild(gateway) };
  const cells: Record<string, string> = {};
  for (const { what, see } of situations)
    cells[what] = await see({ gateway, page, prePaired: gateway.device });
  return cells;
}
