import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Refusal } from "../errors.ts";
import { remember, type Attempt, type AttemptLimit } from "../gate/attempt-limit.ts";
import type { AttemptSource } from "../gate/attempt-source.ts";
import type { AuthRateLimit } from "../gate/auth-rate-limit.ts";

/** Right credentials remembered; beyond it the oldest is forgotten. */
const CREDENTIAL_LIMIT = 100;

/** An attempt to authenticate with a credential in the head of a request. */
export interface RequestAttempt {
  readonly attempt: Attempt;
  /** Records the status of the gateway's response. */
  readonly onStatus: (status: number) => void;
}

/**
 * Attempts with a credential in the head of a request. Those with a credential that is known to be right do not count:
 * a client of the HTTP API may have many requests in progress, and a model may think for minutes.
 */
export class RequestAttempts {
  readonly #limit: AttemptLimit;
  readonly #rateLimit: AuthRateLimit | undefined;
  /** Keyed hashes. */
  readonly #right = new Set<string>();
  readonly #key = randomBytes(32);

  constructor(limit: AttemptLimit, rateLimit: AuthRateLimit | undefined) {
    this.#limit = limit;
    this.#rateLimit = rateLimit;
  }

  /** Waits for the turn of a request; resolves with its attempt, or with a refusal. */
  async enter(
    { socket, method, url = "" }: IncomingMessage,
    source: AttemptSource,
    credentials: string,
  ): Promise<RequestAttempt | Refusal> {
    const hash = createHmac("sha256", this.#key).update(credentials).digest("base64");
    const attempt = await this.#limit.enter({
      source,
      // The gateway does not count these by Origin.
      origin: "absent",
      isOpen: () => !socket.destroyed,
      isRight: () => this.#right.has(hash),
    });
    if ("code" in attempt) return attempt;
    const onStatus = (status: number): void => {
      // A success resets nothing: routes without authentication respond 200 to a wrong credential.
      if (status === 401) this.#rateLimit?.failed(source.peer);
      this.#limit.settle(attempt, status !== 401);
      if (status === 401) this.#right.delete(hash);
      else if (provesCredential(method, url, status)) remember(this.#right, hash, CREDENTIAL_LIMIT);
    };
    return { attempt, onStatus };
  }
}

/**
 * Returns true if a response proves that the request's credential is right: these routes respond with success to no
 * other, while there are pages that respond so to every GET.
 */
function provesCredential(method: string | undefined, url: string, status: number): boolean {
  return method === "POST" && status >= 200 && status < 300 && /^\/(?:v1\/|tools\/invoke(?:$|\?))/.test(url);
}
