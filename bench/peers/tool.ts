import { execFileSync } from 'node:child_process';

/** Runs a tool to its end; a line that says what went wrong, if something did. */
export function runTool(
  file: string,
  args: readonly string[],
  options: { cwd?: string; secondsMax: number },
): string | undefined {
  const { cwd, secondsMax } = options;
  try {
    execFileSync(file, args, { cwd, timeout: secondsMax * 1000, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    return undefined;
  } catch (error) {
    const { code, stderr, stdout, message } = error as NodeJS.ErrnoException & { stderr?: string; stdout?: string };
    if (code === 'ENOENT') return `${file} is not installed`;
    const said = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').at(-1);
    return `${file} ${args[0] ?? ''} failed: ${said === undefined || said === '' ? message : said}`;
  }
}
