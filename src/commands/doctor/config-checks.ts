import { basename } from "node:path";
import { authorityOf, isLoopbackName } from "../../net/authority.ts";
import { blockMatcher, isPrivateBlock } from "../../net/ip-address.ts";
import { section } from "../../openclaw/config.ts";
import { holds, isRelease } from "../../openclaw/releases.ts";
import { textsIn } from "../../text/json.ts";
import type { DoctorContext } from "./doctor-context.ts";
import { describeAdded } from "./tool-paths.ts";
import { list, note, ok, shimCommand, toFix, type Result, type Results } from "./finding.ts";

const RESTARTS = "the gateway then restarts automatically, unless gateway.reload.mode is off";

/** Judges whether OpenClaw's own files can be read, and are whole. */
export async function checkFiles(context: DoctorContext): Results {
  const { openclaw, configProblem, settings, program } = context;
  const { bad, shownConfigPath, includes } = openclaw;
  const results: Result[] = [];
  // One finding for all of them: a folder that is closed closes every file in it.
  const [first, ...more] = bad.filter(({ denied }) => denied);
  if (first) {
    const others = more.map(({ shownPath }) => `, nor can ${basename(shownPath)}`).join("");
    const fix = `run \`${program} doctor\` as the owner of OpenClaw's files`;
    results.push(toFix(`${first.shownPath} ${first.why}${others}`, fix));
  }
  const restore = "stop the gateway and fix the file, or restore it (`openclaw doctor` helps)";
  for (const { shownPath, why } of bad.filter(({ denied }) => !denied))
    results.push(toFix(`${shownPath} ${why}`, restore));
  if (configProblem !== undefined && bad.every(({ shownPath }) => shownPath !== shownConfigPath)) {
    const finding = `${configProblem}; ${settings.gateway.url} was checked instead`;
    results.push(toFix(finding, "fix it, or give --gateway URL"));
  }
  const used = (await context.gateway()).hello?.configPath;
  if (used !== undefined && used !== shownConfigPath) {
    const finding = `the gateway uses ${used}, but ${shownConfigPath} was read: findings about it may be wrong`;
    results.push(note(finding, "run doctor with OPENCLAW_CONFIG_PATH set to that file"));
  }
  if (includes) results.push(note(`${shownConfigPath} has $include: the files that it names were not read`));
  if (results.length > 0) return results;
  return openclaw.gateway ? ok(`${shownConfigPath} was read`) : note(`there is no ${shownConfigPath}`);
}

/** Judges `gateway.trustedProxies` if it covers loopback: by release it is harmful, harmless or useful (docs/gateway.md section 1). */
export async function checkTrustedProxies({ openclaw, settings, gateway }: DoctorContext): Results {
  if (!openclaw.gateway) return [];
  const value = openclaw.gateway["trustedProxies"];
  // The gateway is reached from the loopback address of its own family.
  const source = settings.gateway.host.includes(":") ? "::1" : "127.0.0.1";
  const entries = textsIn(typeof value === "string" ? [value] : value);
  const covering = entries.filter((entry) => blockMatcher(entry.trim())(source));
  if (covering.length === 0) return ok("gateway.trustedProxies does not cover loopback");
  const { direct, hello } = await gateway();
  const covers = `gateway.trustedProxies covers loopback (${list(covering, 4)})`;
  const version = hello?.version;
  const fix = `remove loopback from it; ${RESTARTS}`;
  // Entries for other proxies stay.
  const command = covering.length === entries.length ? (["untrust-proxies"] as const) : undefined;
  if (holds("forwardingRefused", version)) {
    const use = `on ${version} that keeps browsers behind a reverse proxy of this machine from HTTP 403`;
    return note(`${covers}: ${use}; the CLI, backends and nodes on that path need the shim`);
  }
  if (!holds("trustedProxiesUnlocal", version)) return note(`${covers}: no harm to locality on ${version}`);
  if (direct.connected)
    return toFix(`${covers}: not used yet, but from its next start nothing is local`, fix, command);
  const on = isRelease(version) ? `on ${version}` : "before 2026.4";
  return toFix(`${covers}: ${on} that makes no loopback connection local`, fix, command);
}

/** Judges `gateway.nodes.pairing.autoApproveLocal`, a setting since 2026.8.1. */
export async function checkAutoApprove(context: DoctorContext): Results {
  const pairing = section(section(context.openclaw.gateway, "nodes"), "pairing");
  if (pairing["autoApproveLocal"] !== false) return [];
  const setting = "gateway.nodes.pairing.autoApproveLocal";
  const approve = `\`openclaw devices approve\`, or \`${shimCommand("run", context)} --approve seen\``;
  const fix = `set it to true (${RESTARTS}); or keep it, and approve each device: ${approve}`;
  const command = ["approve-local"] as const;
  if ((await context.gateway()).direct.connected)
    return note(`${setting} is false, but the running gateway does not apply it`, fix, command);
  return toFix(
    `${setting} is false: the gateway pairs no device silently, not even a local one`,
    fix,
    command,
  );
}

/** Judges who may connect to the shim, for the gateway treats every client of the shim as local. */
export async function checkListen({ settings: { listen, allowFrom }, shim }: DoctorContext): Results {
  const open = listen.filter(({ host }) => !isLoopbackName(host));
  if (open.length === 0)
    return ok(`the shim ${(await shim()).running ? "listens" : "would listen"} on loopback alone`);
  const where = `--listen ${open.map(authorityOf).join(" ")} with --allow-from`;
  const publicBlocks = allowFrom.filter((cidr) => !isPrivateBlock(cidr));
  if (publicBlocks.length === 0)
    return note(`${where} ${list(allowFrom)}: the gateway treats every client from there as local`);
  const finding = `${where} ${list(publicBlocks)}: the internet may connect, and every client counts as local`;
  return toFix(finding, "listen on 127.0.0.1, or narrow --allow-from to your own machines");
}

/** Judges whether the gateway requires credentials. If not, every client of the shim is its operator. */
export async function checkAuth({ settings, openclaw, gateway, shim, paths }: DoctorContext): Results {
  const mode = (await gateway()).hello?.authMode ?? section(openclaw.gateway, "auth")["mode"];
  if (typeof mode !== "string") return [];
  if (mode !== "none") return ok(`the gateway requires credentials (gateway.auth.mode ${mode})`);
  const seen = (await shim()).running?.outcomes.some(({ stripped }) => Object.keys(stripped).length > 0);
  const path = (await paths()).find(
    (one) => describeAdded(one).isForwarded || one.attempt.reason === "proxy_attribution_required",
  );
  const isOpen = settings.listen.some(({ host }) => !isLoopbackName(host));
  const entries = [
    seen && "connections reach the shim through a proxy that forwards them",
    path && `${path.shown} forwards to it`,
    isOpen && "the shim listens beyond loopback",
  ].filter(Boolean);
  const fix =
    "set gateway.auth.mode to token and gateway.auth.token (`node -p \"crypto.randomBytes(32).toString('hex')\"` makes one), and give every client that token";
  if (entries.length === 0)
    return note("gateway.auth.mode is none: every program of this machine is its operator", fix);
  const finding = `gateway.auth.mode is none, and ${entries.join(", and ")}`;
  return toFix(`${finding}: every client that comes that way is its local operator`, fix);
}
