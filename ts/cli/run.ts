import type { ExitReason } from '../model/exit-codes.js';
import { suggestion } from '../model/nearest.js';
import type { Command, Terminal } from './command.js';
import { commandHelp, generalHelp } from './help.js';
import { registry } from './registry.js';
import { UsageError } from './usage-error.js';

/** The whole command line behind `millrace`. Throws nothing that the caller's input alone can cause. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitReason> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.error(`millrace: ${error.message}\n`);
    return 'wrongUsage';
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<ExitReason> {
  if (args.length === 0 || asksForHelp(args.slice(0, 1))) {
    const text = await generalHelp();
    if (args.length > 0) {
      terminal.out(text);
      return 'done';
    }
    terminal.error(text);
    return 'wrongUsage';
  }
  const { verb, command, rest } = await find(args);
  if (asksForHelp(rest)) {
    terminal.out(commandHelp(verb, command));
    return 'done';
  }
  return command.bind(rest)(terminal);
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const words = end < 0 ? args : args.slice(0, end);
  return words.includes('--help') || words.includes('-h');
}

async function find(args: readonly string[]): Promise<{ verb: string; command: Command; rest: readonly string[] }> {
  for (const { verb, load } of registry) {
    const words = verb.split(' ');
    if (words.every((word, index) => args[index] === word)) {
      return { verb, command: (await load()).command, rest: args.slice(words.length) };
    }
  }
  throw unknownCommand(args);
}

function unknownCommand(args: readonly string[]): UsageError {
  const [first = '', second = ''] = args;
  const verbs = registry.map(({ verb }) => verb);
  const isGroup = verbs.some((verb) => verb.startsWith(`${first} `));
  const isTwoWords = second !== '' && !second.startsWith('-');
  const typed = isTwoWords && (isGroup || suggestion(first, verbs) === '') ? `${first} ${second}` : first;
  const group = verbs.filter((verb) => verb.startsWith(`${first} `));
  if (isGroup && !isTwoWords) return new UsageError(`${first} wants one more word: ${group.join(', ')}`);
  return new UsageError(`unknown command "${typed}"${suggestion(typed, verbs)} (millrace --help lists all)`);
}
