// A million lines through the command line, each way, beside kcat and Apache Kafka; start-up excluded, and included.
//   node dist/bench/scenarios/pipes.js --directory DIR --case produce --cache DIR [--quick]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guarantees, startMillrace } from '../node.js';
import { startKafka } from '../peers/kafka.js';
import { isThere } from '../peers/outcome.js';
import { runTool } from '../peers/tool.js';
import { cpuSecondsOf } from '../processes.js';
import { millraceProgram } from '../product.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun } from '../scenario.js';
import { medianOf, medianRatio, takeTurns } from '../statistics.js';

const lines = 1_000_000;

/** Shell commands of one side, which differ in nothing but the number of lines. */
interface Side {
  readonly name: 'ours' | 'kcat';
  readonly pid: number;
  readonly laps: Lap[];
  produce(topic: string): string;
  consume(topic: string, count: number): string;
  end(): Promise<void>;
}

interface Lap {
  readonly wholeSeconds: number;
  /** For one line: what is start-up. */
  readonly oneSeconds: number;
  readonly clientSeconds: number;
  readonly serverSeconds: number;
}

const millrace = `"${process.execPath}" "${fileURLToPath(millraceProgram)}"`;

async function startOurs({ directory }: ScenarioRun): Promise<Side> {
  const node = await startMillrace(join(directory, 'data'));
  const to = `--bootstrap ${node.address}`;
  return {
    name: 'ours',
    pid: node.pid,
    laps: [],
    produce: (topic) => `${millrace} produce ${topic} ${to}`,
    consume: (topic, count) => `${millrace} consume ${topic} --from beginning --max ${count} ${to}`,
    end: () => node.end(),
  };
}

async function startPeer({ cache, directory }: ScenarioRun): Promise<Side | string> {
  const complaint = runTool('kcat', ['-V'], { secondsMax: 10 });
  if (complaint !== undefined) return `no peer: ${complaint}`;
  const kafka = await startKafka(cache, join(directory, 'kafka'));
  if (!isThere(kafka)) return kafka.lacks;
  const { address, pid, end } = kafka.value;
  return {
    name: 'kcat',
    pid,
    laps: [],
    produce: (topic) => `kcat -P -q -b ${address} -t ${topic}`,
    consume: (topic, count) => `kcat -C -q -b ${address} -t ${topic} -o beginning -c ${count}`,
    end,
  };
}

/** What a shell command takes, and the CPU time of what it started, by the shell's own count. */
async function timed(command: string): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
  const begin = performance.now();
  const child = spawn('/bin/sh', ['-e', '-c', `${command}\ntimes`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4096);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4096);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - begin) / 1000;
  if (code !== 0) throw new Error(`${command}: ended with ${code}: ${complaint}`);
  // The last line is user and system time of its children: "0m1.250000s 0m0.310000s".
  const last = said.trim().split('\n').at(-1) ?? '';
  const times = [...last.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, rest]) => Number(minutes) * 60 + Number(rest));
  return { seconds, cpuSeconds: times.reduce((sum, time) => sum + time, 0) };
}

async function counted(command: string, count: number): Promise<void> {
  await timed(`test "$(${command} | wc -l)" -eq ${count}`);
}

async function lapOf(pid: number, one: string, whole: string): Promise<Lap> {
  const { seconds: oneSeconds } = await timed(one);
  const before = cpuSecondsOf(pid);
  const { seconds, cpuSeconds } = await timed(whole);
  return { oneSeconds, wholeSeconds: seconds, clientSeconds: cpuSeconds, serverSeconds: cpuSecondsOf(pid) - before };
}

async function produceLap(side: Side, topic: string): Promise<Lap> {
  const command = side.produce(topic);
  // The first line makes the topic.
  await timed(`seq 1 | ${command}`);
  const lap = await lapOf(side.pid, `seq 1 | ${command}`, `seq ${lines} | ${command}`);
  await counted(side.consume(topic, lines + 2), lines + 2);
  return lap;
}

function consumeLap(side: Side, topic: string): Promise<Lap> {
  return lapOf(side.pid, `${side.consume(topic, 1)} > /dev/null`, `${side.consume(topic, lines)} > /dev/null`);
}

async function measure(run: ScenarioRun, sides: readonly Side[]): Promise<void> {
  const laps = lapsOf(run);
  if (run.case === 'consume') {
    for (const side of sides) await timed(`seq ${lines} | ${side.produce('consumed')}`);
  }
  // The first of each is for the virtual machine and the caches.
  await takeTurns(sides, laps + 1, async (side) => {
    const topic = `produced-${side.laps.length}`;
    side.laps.push(await (run.case === 'consume' ? consumeLap(side, 'consumed') : produceLap(side, topic)));
  });
  for (const side of sides) side.laps.shift();
}

const rate = ({ wholeSeconds, oneSeconds }: Lap) => (lines - 1) / (wholeSeconds - oneSeconds);

function numbersOf({ name, laps }: Side): Readonly<Record<string, number>> {
  return {
    [`${name}_krecords_per_s`]: medianOf(laps, rate) / 1000,
    [`${name}_whole_s`]: medianOf(laps, ({ wholeSeconds }) => wholeSeconds),
    [`${name}_one_s`]: medianOf(laps, ({ oneSeconds }) => oneSeconds),
    [`${name}_client_cpu_s`]: medianOf(laps, ({ clientSeconds }) => clientSeconds),
    [`${name}_server_cpu_s`]: medianOf(laps, ({ serverSeconds }) => serverSeconds),
  };
}

const run = scenarioRun();
if (run.case !== 'produce' && run.case !== 'consume') throw new Error(`no case "${run.case}": produce, consume`);
const ours = await startOurs(run);
const peer = await startPeer(run);
const sides = typeof peer === 'string' ? [ours] : [ours, peer];
await measure(run, sides);
printFigure('pipes', run.case, {
  ack: guarantees.fsync,
  peer: 'kcat and Apache Kafka: page cache, 1 of 1 replicas',
  laps: ours.laps.length,
  ...Object.assign({}, ...sides.map(numbersOf)),
  ...(typeof peer === 'string' ? { lacks: peer } : { rate_ratio: medianRatio(ours.laps, peer.laps, rate) }),
});
await Promise.all(sides.map((side) => side.end()));
