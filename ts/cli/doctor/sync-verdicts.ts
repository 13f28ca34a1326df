import type { SyncFact } from './facts.js';
import { microseconds } from './format.js';
import { type Row, row } from './row.js';

const methodNames = { linked: 'write → fdatasync', dsync: 'RWF_DSYNC' } as const;
/** One tick of a 250 Hz kernel: a sync this long waited for the scheduler, not for the device. */
const slowUs = 3_000;
const fewSamples = 20;

/** A row per method and mode. Which method is faster differs by machine, so both are shown and the tuner chooses. */
export function syncRows(syncs: readonly SyncFact[]): readonly Row[] {
  return syncs.map((sync) => syncRow(sync, syncs));
}

function syncRow(sync: SyncFact, all: readonly SyncFact[]): Row {
  const check = `sync ${sync.areCoresAwake ? 'awake' : 'idle'}`;
  const method = methodNames[sync.method];
  if (sync.error !== '') return row(check, `${method}: ${sync.error}`, 'warn', 'the node would choose the other method');
  const few = sync.count < fewSamples ? `, only ${sync.count} samples` : '';
  const value = `${method}: p50 ${microseconds(sync.p50Us)}, p99 ${microseconds(sync.p99Us)} (${sync.io}${few})`;
  return sync.p50Us < slowUs ? row(check, value) : row(check, value, 'warn', whatToDo(sync, all));
}

function whatToDo(sync: SyncFact, all: readonly SyncFact[]): string {
  const usable = all.filter(({ error, p50Us }) => error === '' && p50Us < slowUs);
  if (usable.some(({ method, areCoresAwake }) => method === sync.method && areCoresAwake && !sync.areCoresAwake)) {
    return 'cores sleep too deeply between syncs: a latency profile (tuned-adm profile latency-performance), or idle=poll';
  }
  const other = usable.find(({ method }) => method !== sync.method);
  if (other !== undefined) return `${methodNames[other.method]} is faster here: the tuner will choose it`;
  return 'this device is slow to sync: an NVMe drive with power-loss protection answers in well under 100 µs';
}
