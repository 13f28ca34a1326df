import type { ExitReason } from '../model/exit-codes.js';
import { type OptionTable, type OptionValues, parseArguments } from './options.js';
import { UsageError } from './usage-error.js';

/** What a command is given of the outside. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  /** Bytes to stdout; where its reader is slow, what to await before more of them. They are not changed afterwards. */
  bytes(chunk: Uint8Array): Promise<void> | undefined;
  /** A person looks at stderr: progress may be shown there. */
  readonly isWatched: boolean;
  /** A person looks at stdout: what is printed and progress would write over one another. */
  readonly isScreen: boolean;
  /** Ctrl-C ends the process at once unless the command asks to finish what it began: then this runs instead. */
  onInterrupt(drain: () => void): void;
}

export interface Positional {
  /** As the help shows it: TOPIC, DIR. */
  readonly name: string;
  readonly help: string;
}

interface Definition<T extends OptionTable> {
  /** One line, for the list of commands. */
  readonly summary: string;
  /** A whole command line that works; a test parses it. */
  readonly example: string;
  /** All of them required. */
  readonly positionals?: readonly Positional[];
  readonly options: T;
  run(invocation: Invocation<T>, terminal: Terminal): Promise<ExitReason> | ExitReason;
}

export interface Invocation<T extends OptionTable> {
  readonly options: OptionValues<T>;
  readonly positionals: readonly string[];
}

export interface Command {
  readonly summary: string;
  readonly example: string;
  readonly positionals: readonly Positional[];
  readonly options: OptionTable;
  /** Parses; throws UsageError. What it returns runs the command. */
  bind(args: readonly string[]): (terminal: Terminal) => Promise<ExitReason>;
}

export function defineCommand<const T extends OptionTable>(definition: Definition<T>): Command {
  const { summary, example, options, positionals = [] } = definition;
  return {
    summary,
    example,
    options,
    positionals,
    bind(args) {
      const invocation = parseArguments(options, args);
      checkPositionals(positionals, invocation.positionals);
      return async (terminal) => definition.run(invocation, terminal);
    },
  };
}

function checkPositionals(wanted: readonly Positional[], given: readonly string[]): void {
  const missing = wanted[given.length];
  if (missing !== undefined) throw new UsageError(`${missing.name} is missing: ${missing.help}`);
  const extra = given[wanted.length];
  if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many`);
}
