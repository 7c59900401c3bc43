import { StoryError, tell } from "./scenarios.ts";
import { quoted, SettingsError } from "../../settings/settings-error.ts";

/**
 * Tells and lives the story of the shim in this process.
 *
 * @param write gets the text
 * @param program how the user calls it
 * @returns 0 when refused and connected went as told, 1 when not
 * @throws SettingsError for arguments, of which it has none
 */
export async function demo(
  args: readonly string[],
  write: (text: string) => void,
  program: string,
): Promise<number> {
  if (args.length > 0) {
    throw new SettingsError(args.map((arg) => `${quoted(arg)}: demo has no arguments but --help`));
  }
  try {
    await tell(write, program);
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const what = error instanceof StoryError ? "not as told" : "could not be told";
    write(`\nThe demo went wrong, ${what}: ${error.message}\n`);
    return 1;
  }
}
