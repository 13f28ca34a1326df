import type { Failure, PartitionDescription } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import { askEach } from './ask-each.js';
import { type EpochEnd, endOfEpoch } from './end-of-epoch.js';
import type { Gather } from './gather.js';
import type { GatherEntry, Gathered, GatherRequest } from './gathering.js';

/** What somebody wants to read on. */
export interface ReaderEntry extends GatherEntry {
  /** Of the last record that was read; negative: none was, or its reader does not say. */
  readonly lastEpoch: number;
}

export interface AgreeingRequest extends GatherRequest {
  readonly entries: readonly ReaderEntry[];
}

export interface Agreeing extends Gathered {
  /** Log and reader have gone different ways: what they share ends with this epoch there, and nothing was read. */
  readonly parting?: EpochEnd;
}

export type AgreeingResults = readonly Result<Agreeing, Failure>[];

/** As `Gather.begin`; an entry of which log and reader hold different records is told so at once, and the others do not wait. */
export function gatherAgreeing(
  gather: Gather,
  request: AgreeingRequest,
  done: (results: AgreeingResults, letGo: () => void) => void,
): () => void {
  if (!request.entries.some(mayPart)) return read(gather, request, noneParted, done);
  let isCalledOff = false;
  let callOff = () => {
    isCalledOff = true;
  };
  findPartings(request.entries, (parted) => {
    callOff = parted.size === 0 ? read(gather, request, parted, done) : readOthers(gather, request, parted, done);
    if (isCalledOff) callOff();
  });
  return () => callOff();
}

type Parted = ReadonlyMap<number, Result<Agreeing, Failure>>;

const noneParted: Parted = new Map();

function readOthers(
  gather: Gather,
  request: AgreeingRequest,
  parted: Parted,
  done: (results: AgreeingResults, letGo: () => void) => void,
): () => void {
  const entries = request.entries.filter((_, index) => !parted.has(index));
  return read(gather, { ...request, entries, sizeMin: 0, waitMs: 0 }, parted, done);
}

function read(
  gather: Gather,
  request: GatherRequest,
  parted: Parted,
  done: (results: AgreeingResults, letGo: () => void) => void,
): () => void {
  return gather.begin(request, (gathering) => {
    const { results } = gathering;
    const letGo = () => gathering.letGo();
    if (parted.size === 0) {
      done(results, letGo);
      return;
    }
    const all = results.length + parted.size;
    let next = 0;
    const merged = Array.from({ length: all }, (_, index) => parted.get(index) ?? (results[next++] as Result<Gathered, Failure>));
    done(merged, letGo);
  });
}

/** The leader's own epoch is the commonest answer, and no log ends it. */
function mayPart({ lastEpoch, served }: ReaderEntry): boolean {
  return lastEpoch >= 0 && lastEpoch !== served.route.leaderEpoch;
}

/** Those of the entries, by their index, that are not to be read. */
function findPartings(entries: readonly ReaderEntry[], done: (parted: Parted) => void): void {
  const asked = [...entries.entries()].filter(([, entry]) => mayPart(entry));
  askEach(
    asked,
    ([, entry], told: (found: Parting) => void) => findParting(entry, told),
    (found) => {
      const parted = new Map<number, Result<Agreeing, Failure>>();
      for (const [at, result] of found.entries()) {
        const [index] = asked[at] as (typeof asked)[number];
        if (!result.ok) parted.set(index, result);
        else if (result.value !== undefined) parted.set(index, ok(result.value));
      }
      done(parted);
    },
  );
}

/** Undefined: nowhere that an epoch would tell. */
type Parting = Result<Agreeing | undefined, Failure>;

function findParting({ served, offset, lastEpoch }: ReaderEntry, done: (found: Parting) => void): void {
  endOfEpoch(served, lastEpoch, (found) => {
    if (!found.ok) return done(found);
    const parting = found.value;
    // It has read under a leader that this log has never had.
    if (parting === undefined) return done(failed({ error: 'offset-out-of-range' }));
    if (parting.leaderEpoch >= lastEpoch && parting.end >= offset) return done(ok(undefined));
    served.calls.call<PartitionDescription>(
      (port, answer) => port.describe(served.route.handle, answer),
      (result) => {
        if (!result.ok) return done(result);
        const { logStart, highWatermark } = result.value;
        // Gone is gone: what it wants next would not be here anyway.
        done(
          offset < logStart
            ? failed({ error: 'offset-out-of-range' })
            : ok({ logStart, highWatermark, batches: undefined, parting }),
        );
      },
    );
  });
}
