import { join } from 'node:path';
import { Load } from '../load.js';
import { startNats, stream } from '../peers/nats.js';
import { isThere } from '../peers/outcome.js';
import type { ScenarioRun } from '../scenario.js';
import { medianOf } from '../statistics.js';
import { natsWire } from '../wires.js';
import { spentBy } from './side.js';

/** Messages without an acknowledgement. */
const window = 1024;
const warmUpCount = 2000;
const lapSeconds = 10;
const quickLapSeconds = 2;

/** What NATS takes and acknowledges when it syncs each message: JetStream on files, one stream, one publisher. */
export async function measureNats(run: ScenarioRun, recordSize: number, laps: number): Promise<Readonly<Record<string, number>>> {
  const directory = join(run.directory, 'nats');
  const nats = await startNats(run.cache, directory, true);
  // A row that has Kafka to stand beside needs no other.
  if (!isThere(nats)) return {};
  const { port, pid } = nats.value;
  const options = { directory: run.directory, port, subscribers: 0, topic: stream.subject, recordSize };
  const load = await Load.start(run.native, natsWire(options, stream.delivered, 'acknowledged').args);
  const { wall_s } = await load.produce(warmUpCount, window);
  const count = Math.ceil((warmUpCount / wall_s) * (run.isQuick ? quickLapSeconds : lapSeconds));
  const measured: { readonly rate: number; readonly cpuPerMillion: number }[] = [];
  for (let lap = 0; lap < laps; lap++) {
    const { result, processSeconds, kernelSeconds } = await spentBy({ pid, address: '' }, run.directory, () =>
      load.produce(count, window),
    );
    const { delivered } = result;
    measured.push({ rate: delivered / result.wall_s, cpuPerMillion: ((processSeconds + kernelSeconds) / delivered) * 1e6 });
  }
  await load.end();
  await nats.value.end();
  return {
    nats_krecords_per_s: medianOf(measured, ({ rate }) => rate) / 1000,
    nats_cpu_per_million: medianOf(measured, ({ cpuPerMillion }) => cpuPerMillion),
  };
}
