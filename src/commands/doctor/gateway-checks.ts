import { isLoopbackName } from "../../net/authority.ts";
import { isRelease, measuredRelease } from "../../openclaw/releases.ts";
import type { DoctorContext } from "./doctor-context.ts";
import { note, ok, toFix, unknown, type Results } from "./finding.ts";

const OWN_ADDRESS = "give the gateway's own address with --gateway ws://127.0.0.1:PORT, no proxy's";
const NO_LOCALITY =
  "see trustedProxies and autoApproveLocal below, or look with `openclaw config get`: before 2026.4 gateway.trustedProxies must not cover loopback, and gateway.nodes.pairing.autoApproveLocal must not be false; else approve each device: `openclaw devices approve`";

/** Outcomes that are caused by token or password: without the right one, a device is required. */
const ABOUT_CREDENTIALS = /^(unauthorized|rate-limited|device-required)$/;
/** Outcomes that say that there is no gateway, not yet, or none of this protocol. */
const ABOUT_GATEWAY = /^gateway-|^(not-gateway-protocol|protocol-mismatch|abandoned)$/;

/** Judges whether a gateway responds at all. */
export async function checkGateway({ settings, program, gateway }: DoctorContext): Results {
  const { isShim, plain, listener, hello } = await gateway();
  const { url, authority } = settings.gateway;
  if (isShim) {
    const fix = `run \`${program} doctor --listen ${authority} --gateway ws://127.0.0.1:PORT-OF-THE-GATEWAY\``;
    return toFix(`${url} is an openclaw-shim, not the gateway`, fix);
  }
  const by = listener ? `; ${listener.shown} listens there` : "";
  if (!ABOUT_GATEWAY.test(plain.outcome)) {
    // 2026.2 names itself `dev` if npm did not start it; a client that does not connect gets no version.
    const version = hello?.version;
    if (!isRelease(version)) return ok(`a gateway of unknown release responds at ${url}${by}`);
    const responds = `OpenClaw ${version} responds at ${url}${by}`;
    const measured = measuredRelease(version);
    if (measured === version) return ok(responds);
    return note(`${responds}; this release was not tested: it is judged as ${measured}`);
  }
  const finding = `no connection to a gateway at ${url}: ${plain.what}${by}`;
  if (plain.outcome === "gateway-refused") return toFix(finding, OWN_ADDRESS);
  return toFix(finding, plain.fix);
}

/** Judges whether the gateway accepts the token or password that was found here. */
export async function checkToken({ credential, gateway }: DoctorContext): Results {
  const { plain, direct } = await gateway();
  const { what } = direct;
  if ("why" in credential) {
    const { why, fix } = credential;
    if (ABOUT_CREDENTIALS.test(direct.outcome))
      return toFix(`the gateway requires one: ${what}; ${why}`, fix);
    return direct.connected ? ok("the gateway accepts a client without one") : unknown(why, fix);
  }
  const { from } = credential;
  if (ABOUT_CREDENTIALS.test(direct.outcome))
    return toFix(`the gateway did not take ${from}: ${what}`, direct.fix);
  // If credentials count, the right ones are enough without a device.
  if (!plain.connected)
    return direct.connected ? ok("the gateway requires none (see auth)") : unknown(`not judged: ${what}`);
  const warning = credential.kind === "token" ? credential.warning : undefined;
  if (warning) return note(`the gateway accepts it, but ${warning.why}`, warning.fix);
  return ok(`the gateway accepts ${from}`);
}

/** Judges whether a new device on a clean connection straight to the gateway is local: paired silently. */
export async function checkDirect({ settings, gateway }: DoctorContext): Results {
  const { direct, plain, untried } = await gateway();
  if (direct.connected) return ok("local: the gateway paired a new device silently");
  const { what } = direct;
  if (untried && direct.outcome === "abandoned") {
    const fix = "run doctor with --test-device to try one; a refused request expires within five minutes";
    return unknown(`no new device was tried, as its request might stay: ${what}`, fix);
  }
  if (ABOUT_CREDENTIALS.test(direct.outcome) || ABOUT_GATEWAY.test(plain.outcome))
    return unknown(`not judged: ${what} (see above)`);
  if (direct.outcome !== "pairing-required")
    return toFix(`no connection as a new device: ${what}`, direct.fix);
  const refused = untried ? what : `even a clean loopback connection is refused: ${what}`;
  if (isLoopbackName(settings.gateway.host)) return toFix(`not local: ${refused}`, NO_LOCALITY);
  const finding = `not local: ${what}; the gateway is on another machine, so nothing from here is local to it`;
  return toFix(finding, "run the shim on the gateway's machine");
}

/**
 * Judges the gateway's runtime, whose client addresses decide locality: Bun 1.4 gives them (measured with 2026.2.19
 * and 2026.9.6), but OpenClaw recommends Node (docs/install/bun.md).
 */
export async function checkRuntime({ gateway, runtime }: DoctorContext): Results {
  const { listener, direct } = await gateway();
  if (direct.outcome === "gateway-unreachable") return [];
  const name = listener?.program ?? (await runtime());
  if (name === undefined) return unknown("the gateway's process cannot be seen (another user or namespace)");
  if (name.startsWith("node")) return ok(`the gateway runs under ${name}`);
  if (!/^bun\b/.test(name))
    return note(`the process at the gateway's port is ${name}, neither node nor bun`, OWN_ADDRESS);
  const fix =
    "run it with Node: `openclaw gateway install` has --runtime node, with --force for a service that exists";
  if (direct.outcome === "pairing-required")
    return toFix("the gateway runs under Bun, and even a clean connection is not local", fix);
  const local = direct.connected ? "; it is local all the same" : "";
  return note(`the gateway runs under Bun, which OpenClaw does not recommend${local}`, fix);
}
