// A node under as much load as one client gives it, for long: is what it takes from the machine flat?
//   node dist/bench/soak/soak.js --directory DIR --seconds 600
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startMillrace } from '../node.js';
import { cpuSecondsOf, descriptorsOf, residentKibOf } from '../processes.js';
import { sleep } from '../scenario.js';
import { median } from '../statistics.js';
import { flatnessOf, type Sample } from './flatness.js';
import { type Interval, Traffic } from './traffic.js';

const intervalsWanted = 60;
const intervalSecondsMax = 10;

const columns = ['s', 'produced/s', 'consumed/s', 'p50 ms', 'p99 ms', 'MiB', 'descriptors', 'CPU'] as const;
const line = (cells: readonly (string | number)[]) => cells.map((cell) => String(cell).padStart(11)).join(' ');

function show(sample: Sample, { produced, consumed, p50Ms, p99Ms }: Interval, seconds: number, cpuSeconds: number): void {
  const { residentMib, descriptors } = sample;
  const rates = [produced, consumed].map((count) => (count / seconds).toFixed(0));
  const times = [p50Ms, p99Ms].map((ms) => ms.toFixed(1));
  const share = (cpuSeconds / seconds).toFixed(2);
  console.log(line([sample.seconds.toFixed(0), ...rates, ...times, residentMib.toFixed(0), descriptors, share]));
}

async function soak(directory: string, secondsMax: number): Promise<number> {
  const node = await startMillrace(join(directory, 'data'));
  const traffic = await Traffic.start(node.address);
  const samples: Sample[] = [];
  const p99s: number[] = [];
  const begin = performance.now();
  const step = Math.min(intervalSecondsMax, secondsMax / intervalsWanted);
  console.log(line(columns));
  for (let before = 0, cpuBefore = cpuSecondsOf(node.pid); before < secondsMax; ) {
    await sleep(step * 1000);
    const seconds = (performance.now() - begin) / 1000;
    const cpu = cpuSecondsOf(node.pid);
    const sample = { seconds, residentMib: residentKibOf(node.pid) / 1024, descriptors: descriptorsOf(node.pid) };
    const interval = traffic.interval();
    show(sample, interval, seconds - before, cpu - cpuBefore);
    samples.push(sample);
    p99s.push(interval.p99Ms);
    [before, cpuBefore] = [seconds, cpu];
  }
  const complaint = await traffic.end();
  await node.end();
  const { isFlat, findings } = flatnessOf(samples);
  const quarter = Math.floor(p99s.length / 4);
  const [second, last] = [median(p99s.slice(quarter, quarter * 2)), median(p99s.slice(-quarter))];
  console.log(findings.join('\n'));
  console.log(`p99, for its own sake: ${second.toFixed(1)} ms in the second quarter, ${last.toFixed(1)} in the last`);
  console.log(complaint ?? 'everything that was acknowledged came, once');
  console.log(isFlat && complaint === undefined ? 'flat' : 'FAILED');
  return isFlat && complaint === undefined ? 0 : 1;
}

const { values } = parseArgs({ options: { directory: { type: 'string' }, seconds: { type: 'string', default: '600' } } });
if (values.directory === undefined) throw new Error('--directory says where files are written');
process.exitCode = await soak(values.directory, Number(values.seconds));
