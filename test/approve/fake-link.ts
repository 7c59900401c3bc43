import { pino, type Logger } from "pino";
import { Approver, type ApproverLink } from "../../src/approve/approver.ts";
import type { PendingRequest } from "../../src/openclaw/protocol.ts";

/** An operator connection to a gateway with these pending requests. It approves when the test calls `approved`. */
export class FakeLink implements ApproverLink {
  readonly up = true;
  readonly rejected: string[] = [];
  approved: () => void = () => {};
  readonly #pending: PendingRequest[];

  constructor(pending: PendingRequest[] = []) {
    this.#pending = pending;
  }

  open(): void {}

  pendingOf(): PendingRequest[] {
    return this.#pending;
  }

  list(): Promise<PendingRequest[]> {
    return Promise.resolve(this.#pending);
  }

  decide(decision: string, requestId: string): Promise<void> {
    if (decision === "approve") return new Promise((resolve) => (this.approved = resolve));
    this.rejected.push(requestId);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Creates an approver of operators over a link. */
export function approverOver(link: FakeLink, logger: Logger = pino({ level: "silent" })): Approver {
  return new Approver(link, { roles: ["operator"], scopes: ["operator.admin"] }, logger);
}
