import { pino, type Logger } from "pino";
import { Approver } from "../../src/approve/approver.ts";
import { OperatorLink } from "../../src/approve/operator-link.ts";
import type { PendingRequest } from "../../src/openclaw/protocol.ts";

/** An operator connection to a gateway with these pending requests. It approves when the test calls `approved`. */
export class FakeLink extends OperatorLink {
  readonly rejected: string[] = [];
  approved: () => void = () => {};
  readonly #pending: PendingRequest[];

  constructor(pending: PendingRequest[] = []) {
    super(() => Promise.reject(new Error("not used")));
    this.#pending = pending;
  }

  override get up(): boolean {
    return true;
  }

  override open(): void {}

  override pendingOf(): PendingRequest[] {
    return this.#pending;
  }

  override list(): Promise<PendingRequest[]> {
    return Promise.resolve(this.#pending);
  }

  override decide(decision: string, requestId: string): Promise<void> {
    if (decision === "approve") return new Promise((resolve) => (this.approved = resolve));
    this.rejected.push(requestId);
    return Promise.resolve();
  }
}

/** Creates an approver of operators over a link. */
export function approverOver(link: FakeLink, logger: Logger = pino({ level: "silent" })): Approver {
  return new Approver(link, { roles: ["operator"], scopes: ["operator.admin"] }, logger);
}
