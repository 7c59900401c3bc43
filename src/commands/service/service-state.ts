import type { Settings } from "../../settings/settings.ts";

/** What the supervisor says of the service. */
export interface ServiceState {
  /** The unit and whose it is, or the LaunchAgent and its domain. */
  readonly name: string;
  readonly installed: boolean;
  readonly running: boolean;
  /** The supervisor's own words, such as `active (running)`. */
  readonly state: string;
  /** The same of the socket unit, under systemd. */
  readonly socket?: string;
  /** Starts by itself; known under systemd. */
  readonly enabled?: boolean;
  readonly pid?: number;
  /** Where tools connect. */
  readonly listen: Settings["listen"];
}
