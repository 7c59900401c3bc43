/** What to do about a refusal, a failure or a finding. */
export interface Advice {
  /** One sentence for a person: what to do. It does not contain the command. */
  readonly fix: string;
  /** The one shell command that does it, ready to copy; absent where no single command does. */
  readonly command?: string | undefined;
}

/** Returns what is wrong and what to do about it as one line for people. */
export function withAdvice(text: string, { fix, command }: Partial<Advice> = {}): string {
  const advice = [fix, command].filter((part) => part !== undefined).join(": ");
  return advice === "" ? text : `${text}; ${advice}`;
}
