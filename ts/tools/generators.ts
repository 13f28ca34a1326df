import { commandHelp } from '../cli/help.js';
import { registry } from '../cli/registry.js';
import { exitCodes } from '../model/exit-codes.js';

const generators: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/generated/exit-codes.md': exitCodesPage,
  'docs/generated/commands.md': commandsPage,
};

/** Everything that is made from a table: path from the root → content. */
export async function generate(): Promise<ReadonlyMap<string, string>> {
  const rows = Object.entries(generators).map(async ([path, make]) => [path, await make()] as const);
  return new Map(await Promise.all(rows));
}

function page(title: string, source: string, body: string): string {
  return `<!-- Made by "npm run generate" from ${source}. -->\n\n# ${title}\n\n${body}`;
}

function exitCodesPage(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |\n`);
  return page('Exit codes', 'ts/model/exit-codes.ts', `| code | meaning |\n|---|---|\n${rows.join('')}`);
}

async function commandsPage(): Promise<string> {
  const sections = registry.map(async ({ verb, load }) => {
    const { command } = await load();
    return `## millrace ${verb}\n\n\`\`\`\n${commandHelp(verb, command)}\`\`\`\n`;
  });
  return page('Commands', 'ts/cli/commands', (await Promise.all(sections)).join('\n'));
}
