import { spawnSync } from 'node:child_process';

// The list that names what may be absent: a stage that needs one of these is skipped without it, and every other
// absence is a failure. MILLRACE_NO_SKIP=1 (set in .ci/run) allows none.
export const optionalTools = {
  clippy: { probe: ['cargo', 'clippy', '--version'], install: 'rustup component add clippy' },
  rustfmt: { probe: ['cargo', 'fmt', '--version'], install: 'rustup component add rustfmt' },
} as const;

export type OptionalTool = keyof typeof optionalTools;

export function isPresent(tool: OptionalTool): boolean {
  const [command, ...args] = optionalTools[tool].probe;
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
