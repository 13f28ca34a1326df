import { spawnSync } from 'node:child_process';
import { chromiumPath } from './chromium.js';

// The list that names what may be absent: a stage that needs one of these is skipped without it, and every other
// absence is a failure. MILLRACE_NO_SKIP=1 (set in .ci/run) allows none.
export const optionalTools = {
  chromium: {
    probe: [chromiumPath(), '--version'],
    install: 'apt-get install chromium, or MILLRACE_CHROMIUM=/path/to/chromium',
  },
  clippy: { probe: ['cargo', 'clippy', '--version'], install: 'rustup component add clippy' },
  // Distributions ship venv without the pip that it needs: only ensurepip tells.
  python: {
    probe: ['python3', '-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))'],
    install: 'apt-get install python3-venv, Python 3.9 or later',
  },
  rustfmt: { probe: ['cargo', 'fmt', '--version'], install: 'rustup component add rustfmt' },
} as const satisfies Readonly<Record<string, { readonly probe: readonly [string, ...string[]]; readonly install: string }>>;

export type OptionalTool = keyof typeof optionalTools;

export function isPresent(tool: OptionalTool): boolean {
  const [command, ...args] = optionalTools[tool].probe;
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
