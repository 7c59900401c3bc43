import type { IncomingMessage } from "node:http";
import { refuse, type Refusal } from "../errors.ts";
import { canonicalName, fieldValues } from "../headers/header-table.ts";
import { readRequestFrame, type ConnectRequest, type ConnectResponse } from "../openclaw/protocol.ts";
import { coversScope, KNOWN_SCOPES } from "../openclaw/scopes.ts";
import type { UpgradeSession } from "../outcome/upgrade-session.ts";
import type { Settings } from "../settings/settings.ts";
import { fieldsOf, parseJson, textsIn } from "../text/json.ts";
import type { Dialer } from "../upstream/dial.ts";
import { HandshakeGuard } from "./handshake-guard.ts";
import { isHarmless } from "./harmless-routes.ts";
import { isLimitingScopes } from "./limiting-gateway.ts";

/** The field by which a client limits its own connection, too. */
const FIELD = "x-openclaw-scopes";
/** The most scopes of one `connect`: OpenClaw knows ten, and only so many are read (`protocol.ts`). */
const SCOPE_LIMIT = 32;

/** Creates the ceiling of `--max-scopes`. */
export function createCeiling({ maxScopes, gateway }: Settings, dialer: Dialer): ScopeCeiling {
  return new ScopeCeiling(maxScopes, () => isLimitingScopes(gateway, dialer).catch(() => false));
}

/**
 * `--max-scopes`: the most that any connection gets. From 2026.8.1 on the gateway itself limits a connection to the
 * field `x-openclaw-scopes`. Other releases ignore it: a `connect` that requests more does not reach them. Which one
 * the gateway does is asked for each such `connect`, and its hello-ok has to agree (docs/gateway.md section 8).
 */
export class ScopeCeiling {
  readonly #scopes: readonly string[];
  readonly #isLimiting: () => Promise<boolean>;
  #asking: Promise<boolean> | undefined;

  /** @param isLimiting asks the gateway if it limits a connection to the field; false if it does not say so */
  constructor(scopes: readonly string[], isLimiting: () => Promise<boolean>) {
    this.#scopes = scopes;
    this.#isLimiting = isLimiting;
  }

  /** Refuses plain requests that may give more: on most routes a bearer token stands for every scope of an operator. */
  checkRequest({ method = "", url = "" }: Pick<IncomingMessage, "method" | "url">): Refusal | undefined {
    const [path = ""] = url.split(/[?#]/, 1);
    if (this.#covers("operator.admin") || isHarmless(method, path)) return undefined;
    return refuse("scope_ceiling", `${method} ${path} may give every scope of an operator`);
  }

  /** Returns a header section that limits the connection to the ceiling, and to what its client set itself. */
  limit(rawHeaders: readonly string[]): string[] {
    const own = fieldValues(rawHeaders, FIELD).flatMap((value) =>
      value.split(",").map((name) => name.trim()),
    );
    const isOwn = fieldValues(rawHeaders, FIELD).length > 0;
    const scopes = KNOWN_SCOPES.filter((scope) => this.#covers(scope) && (!isOwn || coversScope(own, scope)));
    const others = rawHeaders.filter((_text, i) => canonicalName(rawHeaders[i - (i % 2)] ?? "") !== FIELD);
    return [...others, FIELD, scopes.join(", ")];
  }

  /** Returns the listener of an upgrade whose handshake has to be within the ceiling. */
  guard(session: UpgradeSession): HandshakeGuard {
    return new HandshakeGuard(session, this);
  }

  /** Checks what a `connect` requests. @param frame as received: what is logged of it is cut */
  checkConnect(frame: Buffer): Promise<Refusal | undefined> | Refusal | undefined {
    const scopes = requestedScopes(frame);
    if (!scopes) return refuse("scope_ceiling", "the scopes of this connect cannot be read");
    const beyond = scopes.find((scope) => !this.#covers(scope));
    if (beyond === undefined) return undefined;
    this.#asking ??= this.#isLimiting().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking.then((limits) => (limits ? undefined : beyondCeiling(beyond)));
  }

  /** Checks that the gateway has limited a client that requested more. */
  checkResponse({ scopes = [] }: ConnectRequest, response: ConnectResponse): Refusal | undefined {
    if (!response.ok || scopes.every((scope) => this.#covers(scope))) return undefined;
    const beyond = (response.scopes ?? scopes).find((scope) => !this.#covers(scope));
    return beyond === undefined ? undefined : beyondCeiling(beyond);
  }

  #covers(scope: string): boolean {
    return coversScope(this.#scopes, scope);
  }
}

function beyondCeiling(scope: string): Refusal {
  return refuse("scope_ceiling", `${scope} is not allowed`);
}

/** Reads the scopes of a `connect` as the gateway does; undefined if they are not a list of at most 32 texts. */
function requestedScopes(frame: Buffer): readonly string[] | undefined {
  const { scopes = [] } = fieldsOf(readRequestFrame(parseJson(frame.toString("utf8")))?.params);
  const texts = textsIn(scopes);
  return Array.isArray(scopes) && texts.length === scopes.length && texts.length <= SCOPE_LIMIT
    ? texts
    : undefined;
}
