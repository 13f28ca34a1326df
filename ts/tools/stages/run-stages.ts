import { isPresent, optionalTools } from './optional-tools.js';
import { spawnStage } from './spawn-stage.js';
import type { Stage } from './stage.js';
import { add, nothing, oneFailed, oneSkipped, type Tally, totalLine } from './tally.js';

export interface Selection {
  /** Names of stages; empty: all. */
  readonly only: readonly string[];
  readonly filter: string | undefined;
}

const secondsMaxDefault = 1_200;

/** Runs the rows one after the other and prints the contract's total as the last line. Answers the exit code. */
export async function runStages(stages: readonly Stage[], selection: Selection): Promise<number> {
  const rows = select(stages, selection);
  let total = nothing;
  for (const stage of rows) {
    total = add(total, await runStage(stage, selection));
  }
  if (total.passed + total.failed + total.skipped === 0) {
    console.log('nothing matched');
    total = oneFailed;
  }
  console.log(totalLine(total));
  return total.failed === 0 ? 0 : 1;
}

function select(stages: readonly Stage[], { only, filter }: Selection): readonly Stage[] {
  const unknown = only.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    const names = stages.map(({ name }) => name).join(', ');
    console.log(`no stage ${unknown.join(', ')}: one of ${names}`);
    return [];
  }
  return stages
    .filter((stage) => only.length === 0 || only.includes(stage.name))
    .filter((stage) => filter === undefined || stage.filter !== undefined);
}

async function runStage(stage: Stage, { filter }: Selection): Promise<Tally> {
  if (stage.needs !== undefined && !isPresent(stage.needs)) return withoutTool(stage, stage.needs);
  const begin = performance.now();
  const { name, env, secondsMax = secondsMaxDefault } = stage;
  const ended = await spawnStage(commandOf(stage, filter), { name, env, secondsMax, isLive: false });
  const tally = stage.count(ended);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  // Under a filter most stages have nothing to do, and say so by failing to find a test.
  const isEmptyByFilter = filter !== undefined && ended.exitCode === 0 && tally.passed === 0;
  const shown = isEmptyByFilter ? nothing : tally;
  if (shown.failed > 0) console.log(`${ended.output.trimEnd()}\n`);
  console.log(`${name.padEnd(16)} ${seconds.padStart(6)} s  ${totalLine(shown)}`);
  return shown;
}

function commandOf(stage: Stage, filter: string | undefined): readonly [string, ...string[]] {
  return filter === undefined ? stage.command : [...stage.command, ...(stage.filter?.(filter) ?? [])];
}

function withoutTool({ name }: Stage, tool: keyof typeof optionalTools): Tally {
  const isAllowed = process.env['MILLRACE_MAY_SKIP']?.split(',').includes(tool) === true;
  const mayNotSkip = process.env['MILLRACE_NO_SKIP'] === '1' && !isAllowed;
  console.log(`${name.padEnd(16)} ${mayNotSkip ? 'FAILED' : 'skipped'}: ${tool} is missing (${optionalTools[tool].install})`);
  return mayNotSkip ? oneFailed : oneSkipped;
}
