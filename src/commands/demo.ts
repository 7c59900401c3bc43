import { StoryError, tell } from "../demo/story.ts";
import { quoted, SettingsError } from "../settings/error.ts";

const HELP = `Usage: openclaw-shim demo

Shows the same client refused by OpenClaw's gateway without the shim and connected through it, with what the
shim reports. Needs no gateway and no network, changes nothing, and ends by itself within seconds.

Exit: 0 it went as told, 1 it did not, 2 bad arguments.
`;

/**
 * Tells and lives the story of the shim in this process.
 *
 * @param write gets the text
 * @returns 0 when refused and connected went as told, 1 when not
 * @throws SettingsError for arguments, of which it has none but `--help`
 */
export async function demo(args: readonly string[], write: (text: string) => void): Promise<number> {
  const unknown = args.filter((arg) => arg !== "--help" && arg !== "-h");
  if (unknown.length > 0) {
    throw new SettingsError(unknown.map((arg) => `${quoted(arg)}: demo has no arguments but --help`));
  }
  if (args.length > 0) {
    write(HELP);
    return 0;
  }
  try {
    await tell(write);
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const what = error instanceof StoryError ? "not as told" : "could not be told";
    write(`\nThe demo went wrong, ${what}: ${error.message}\n`);
    return 1;
  }
}
