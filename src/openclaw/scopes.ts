/** The scopes of an operator that may do everything, as OpenClaw's own tools ask for them (gateway.md section 2). */
export const OPERATOR_SCOPES = [
  "operator.admin",
  "operator.approvals",
  "operator.pairing",
  "operator.read",
  "operator.write",
] as const;
