import { additionsOf, additionsSeenByGateway, vendorsOf, type Additions } from "../additions.ts";
import type { Verdict } from "../../../outcome/outcome.ts";
import { describeVerdict } from "../attempt.ts";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check, type Finding } from "../finding.ts";
import type { PathFacts } from "../path.ts";
import { isNobody } from "../running-shim.ts";
import type { ToolUrl } from "../tool-urls.ts";
import { reachableAt } from "../../../net/authority.ts";
import { describeProcess, list } from "./words.ts";

const say = findingsOf("path");
const ADDRESS = "give --via the address that the tools use, where that is another one";

/** What the ways of the tools add on their way, who does, and whether a shim takes it away again. */
export const paths: Check<Facts> = (facts) => [
  ...facts.noWays.map((way) => noWay(way, facts)),
  ...facts.paths.map((path) => judge(path, facts)),
];

function noWay({ shown, leadsTo }: ToolUrl, { shim }: Facts): Finding {
  if (leadsTo === "gateway") return say.note(`${shown} (--via) is the gateway itself: see direct`, ADDRESS);
  const runs =
    shim.state === "running" ? "that is the shim itself" : "the shim's own address, where none runs";
  return say.note(`${shown} (--via): ${runs}; what comes through it is told under shim`, ADDRESS);
}

function judge(path: PathFacts, facts: Facts): Finding {
  const { toolUrl, attempt, throughShim } = path;
  const way = `${toolUrl.shown} (${toolUrl.source})`;
  if (!attempt)
    return say.fix(`${way} is no ws:// or wss:// URL`, `write ${toolUrl.source} as ws://HOST:PORT`);
  if (throughShim) {
    const added = additionsOf(throughShim);
    const taken = isNothing(added)
      ? "adds nothing"
      : `${describe(added)}${by(path, added)}; the shim takes it away`;
    if (attempt.connected) return say.ok(`${way} leads through the shim: local; it ${taken}`);
    return say.fix(
      `${way} leads through the shim, and ${taken}: ${describeVerdict(attempt.verdict)}`,
      attempt.fix,
    );
  }
  if (path.elsewhere) {
    const answered = attempt.connected ? "it connects" : describeVerdict(attempt.verdict);
    return say.note(`${way} leads to another gateway than ${facts.settings.gateway.url}: ${answered}`);
  }
  if (!attempt.connected && attempt.verdict.outcome === "gateway-unreachable") {
    return dead(path, way, facts, attempt.verdict);
  }
  const added = additionsSeenByGateway(path);
  if (attempt.connected) return connected(path, facts, way, added);
  const { verdict, fix } = attempt;
  const listener = listenerOf(facts);
  const lead = `lead it to the shim instead of the gateway: to ${listener}, where ${facts.program} run listens`;
  if (verdict.outcome === "gateway-refused" && verdict.reason === "proxy_attribution_required") {
    return say.fix(
      `${way} leads to the gateway past the shim, and forwarding headers are added on it${by(path, added)}: ${describeVerdict(verdict)}`,
      lead,
    );
  }
  if (verdict.outcome === "pairing-required" && facts.direct?.connected) {
    const what = isNothing(added) ? "adds forwarding headers or rewrites Host" : describe(added);
    return say.fix(
      `${way} leads to the gateway past the shim, and ${what}${by(path, added)}: not local`,
      lead,
    );
  }
  if (path.credentialKept) {
    return say.note(
      `${way}: ${describeVerdict(verdict)}; the token was not sent there: it is neither this machine, nor TLS to where somebody says the token goes${by(path, added)}`,
    );
  }
  return say.fix(`${way}: ${describeVerdict(verdict)}`, fix);
}

/** Whoever is at fault, it is not the gateway: the way to it ends before. */
function dead({ toolUrl: { source } }: PathFacts, way: string, facts: Facts, verdict: Verdict): Finding {
  const what = isNobody(verdict.reason ?? "") ? "nothing listens there" : "nobody answered there";
  const fix =
    source === "--via"
      ? "give --via the address that the tools use"
      : `lead ${source} to the shim: ws://${listenerOf(facts)}`;
  return say.fix(`${way}: ${describeVerdict(verdict)}: ${what}`, fix);
}

function listenerOf({ settings }: Facts): string {
  return reachableAt(settings.listen[0] ?? { host: "127.0.0.1", port: 18_788 });
}

function connected(path: PathFacts, { direct }: Facts, way: string, added: Additions): Finding {
  const local = direct?.connected === true ? "local all the same" : "it connects";
  if (isNothing(added)) return say.ok(`${way} reaches the gateway, and nothing was seen to be added on it`);
  return say.note(
    `${way} leads to the gateway past the shim and ${describe(added)}${by(path, added)}; ${local}`,
  );
}

function isNothing({ fields, host }: Additions): boolean {
  return fields.length === 0 && host === undefined;
}

function describe({ fields, host }: Additions): string {
  const parts = [
    ...(fields.length === 0 ? [] : [`adds ${list(fields.map((field) => field.replace(": ", "=")))}`]),
    ...(host === undefined ? [] : [`rewrites Host to ${host}`]),
  ];
  return parts.join(" and ");
}

/** Who: the process at the URL's port, the vendor by the names of fields, or what its answers say. */
function by({ listener, signs, throughShim }: PathFacts, { fields }: Additions): string {
  const stripped = throughShim ? Object.keys(throughShim.stripped) : [];
  const who = [
    ...(listener ? [describeProcess(listener)] : []),
    ...vendorsOf([...fields, ...stripped, ...signs]),
    ...signs.filter((sign) => /^(server|via):/.test(sign)),
  ];
  return who.length === 0 ? "" : `, by ${who.join(", ")}`;
}
