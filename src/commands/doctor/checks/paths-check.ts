import { parseAuthority, reachableAt } from "../../../net/authority.ts";
import type { DoctorContext } from "../doctor-context.ts";
import { note, ok, toFix, type Check, type Result } from "../finding.ts";
import { list } from "../findings-format.ts";
import { isNotListening } from "../found-shim.ts";
import { describeVerdict } from "../gateway-client.ts";
import { foreignHost, productOf, type PathFacts } from "../tool-paths.ts";
import { describeProcess } from "../listening-process.ts";

/** What a path adds to requests, as far as it was seen: values by name, and a Host that is not a loopback name. */
interface Injected {
  readonly fields: Readonly<Record<string, string>>;
  readonly host: string | undefined;
}

/** Judges what the paths of the tools add, who adds it, and whether a shim removes it. */
export const pathsCheck: Check = {
  name: "path",
  async run(context) {
    const { running } = await context.shim();
    const skipped = context.via.flatMap(({ shown, leadsTo }) => {
      if (leadsTo === "elsewhere") return [];
      const fix = "give --via the address that the tools use, if that is another one";
      if (leadsTo === "gateway") return note(`${shown} (--via) is the gateway itself: see direct`, { fix });
      const runs = running ? "that is the shim itself" : "the shim's own address, where none runs";
      return note(`${shown} (--via): ${runs}; see shim`, { fix });
    });
    const paths = await context.paths();
    return [...skipped, ...(await Promise.all(paths.map((path) => judge(path, context))))];
  },
};

async function judge(path: PathFacts, { settings, program, gateway }: DoctorContext): Promise<Result> {
  const { toolUrl, attempt, throughShim } = path;
  const { source, shown } = toolUrl;
  const name = `${shown} (${source})`;
  if (!attempt)
    return toFix(`${name} is not a ws:// or wss:// URL`, { fix: `write ${source} as ws://HOST:PORT` });
  const isLocal = (await gateway()).direct?.connected === true;
  const added = injected(path);
  const adds = describe(added);
  const by = addedBy(path, added);
  if (throughShim) {
    const effect = adds === "" ? "adds nothing" : `${adds}${by}; the shim removes it`;
    if (attempt.connected) return ok(`${name} leads through the shim: local; it ${effect}`);
    const what = describeVerdict(attempt.verdict);
    return toFix(`${name} leads through the shim, and ${effect}: ${what}`, attempt.advice);
  }
  const result = attempt.connected ? "it connects" : describeVerdict(attempt.verdict);
  if (path.elsewhere) return note(`${name} leads to another gateway than ${settings.gateway.url}: ${result}`);
  const past = `${name} leads to the gateway past the shim`;
  if (attempt.connected) {
    if (adds === "") return ok(`${name} reaches the gateway, and nothing was seen to be added on it`);
    return note(`${past} and ${adds}${by}; ${isLocal ? "local all the same" : result}`);
  }
  const listener = reachableAt(settings.listen[0] ?? { host: "127.0.0.1", port: 18_788 });
  const { outcome, reason } = attempt.verdict;
  if (outcome === "gateway-unreachable") {
    const what = isNotListening(reason) ? "nothing listens there" : "nothing responded there";
    const isVia = source === "--via";
    const fix = isVia
      ? "give --via the address that the tools use"
      : `let ${source} lead to the shim: ws://${listener}`;
    return toFix(`${name}: ${result}: ${what}`, { fix });
  }
  const lead = {
    fix: `let it lead to the shim instead of the gateway: to ${listener}, where ${program} run listens`,
  };
  if (reason === "proxy_attribution_required")
    return toFix(`${past}, and forwarding headers are added on it${by}: ${result}`, lead);
  if (outcome === "pairing-required" && isLocal) {
    const what = adds === "" ? "adds forwarding headers or rewrites Host" : adds;
    return toFix(`${past}, and ${what}${by}: not local`, lead);
  }
  if (path.credentialWithheld) {
    const why = "it is neither on this machine, nor a TLS URL that you gave for the token";
    return note(`${name}: ${result}; the token was not sent there: ${why}${by}`);
  }
  return toFix(`${name}: ${result}`, attempt.advice);
}

/** Returns what the path adds: as the shim reported it, else as the gateway received it. */
function injected({ attempt, logged, toolUrl, throughShim }: PathFacts): Injected {
  if (throughShim) return { fields: throughShim.stripped, host: foreignHost(throughShim.hostFrom) };
  const calledAs = attempt?.connected ? attempt.hello.calledAs : undefined;
  // The gateway adds its own port to the name; the port that Host had is not known.
  const host = logged?.host ?? parseAuthority(calledAs?.host ?? "")?.name;
  const isOwn = host === toolUrl.url?.host || host === toolUrl.url?.hostname;
  const isHttps = calledAs?.scheme === "https:" && toolUrl.url?.protocol === "ws:";
  return {
    fields: {
      ...(logged?.forwardedFor !== undefined && { "x-forwarded-for": logged.forwardedFor }),
      ...(isHttps && { "x-forwarded-proto": "https" }),
    },
    host: isOwn ? undefined : foreignHost(host),
  };
}

function describe({ fields, host }: Injected): string {
  const values = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return [
    ...(values.length === 0 ? [] : [`adds ${list(values)}`]),
    ...(host === undefined ? [] : [`rewrites Host to ${host}`]),
  ].join(" and ");
}

/** Names what adds it: the process at the URL's port, vendors, and what responses name. */
function addedBy({ listener, proxyFields = {} }: PathFacts, { fields }: Injected): string {
  const names = [...Object.keys(fields), ...Object.keys(proxyFields)];
  const named = ["server", "via"].filter((name) => Object.hasOwn(proxyFields, name));
  const who = [
    ...(listener ? [describeProcess(listener)] : []),
    ...new Set(names.flatMap((name) => productOf(name) ?? [])),
    ...named.map((name) => `${name}: ${proxyFields[name]}`),
  ];
  return who.length === 0 ? "" : `, by ${who.join(", ")}`;
}
