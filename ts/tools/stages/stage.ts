import type { OptionalTool } from './optional-tools.js';
import type { Count } from './tally.js';

/** One row of `npm run check` or `npm test`: a command, and how its outcome is read. */
export interface Stage {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly count: Count;
  readonly env?: Readonly<Record<string, string>>;
  /** Added to the command under `--filter PATTERN`; a stage without it does not run then. */
  readonly filter?: (pattern: string) => readonly string[];
  readonly needs?: OptionalTool;
  readonly secondsMax?: number;
}
