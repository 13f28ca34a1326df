// Whether the list reads on, decided here, done in live/tail.ts.
//
//   opening ─opened─► catching-up ─all ends reached─► live
//                        │   ▲
//              page full │   │ continue
//                        ▼   │
//                       held ┘          any ─ended─► ended   any ─failed─► failed
//
// Live records are sampled when they come too fast. What lies before is shown whole, a page at a time: whoever jumps to an offset
// wants to see what is there. Pausing is beside all this: it keeps the place, and nothing is skipped.

export type Phase =
  | { readonly name: 'opening' }
  /** Where each partition ended when reading began: it is live from there on. */
  | { readonly name: 'catching-up'; readonly ends: ReadonlyMap<number, number>; readonly room: number }
  | { readonly name: 'held'; readonly ends: ReadonlyMap<number, number> }
  | { readonly name: 'live' }
  | { readonly name: 'ended'; readonly why: string }
  | { readonly name: 'failed'; readonly why: string };

export interface Reading {
  readonly phase: Phase;
  readonly isPaused: boolean;
}

export type ReadingEvent =
  | { readonly type: 'opened'; readonly places: readonly Place[] }
  | { readonly type: 'batch'; readonly partition: number; readonly nextOffset: number; readonly shown: number }
  | { readonly type: 'pause' | 'continue' }
  | { readonly type: 'ended' | 'failed'; readonly why: string };

/** Where a partition is read from, and where it ends now. */
export interface Place {
  readonly partition: number;
  readonly offset: number;
  readonly end: number;
}

/** Records that are shown before reading waits to be told to go on. */
export const pageMax = 1_000;

export const beginning: Reading = { phase: { name: 'opening' }, isPaused: false };

export function read(reading: Reading, event: ReadingEvent): Reading {
  const { phase } = reading;
  switch (event.type) {
    case 'pause':
      return { ...reading, isPaused: true };
    case 'continue':
      return { isPaused: false, phase: phase.name === 'held' ? { ...phase, name: 'catching-up', room: pageMax } : phase };
    case 'ended':
    case 'failed':
      return { ...reading, phase: { name: event.type, why: event.why } };
    case 'opened':
      return phase.name === 'opening' ? { ...reading, phase: towards(endsOf(event.places), pageMax) } : reading;
    case 'batch':
      return phase.name === 'catching-up' ? { ...reading, phase: afterBatch(phase, event) } : reading;
  }
}

export function mayRead({ phase, isPaused }: Reading): boolean {
  return !isPaused && (phase.name === 'catching-up' || phase.name === 'live');
}

/** How many records of what comes next are shown whole; undefined: it is live, and sampled. */
export function roomOf({ phase }: Reading): number | undefined {
  return phase.name === 'catching-up' ? phase.room : undefined;
}

function endsOf(places: readonly Place[]): ReadonlyMap<number, number> {
  return new Map(places.filter(({ offset, end }) => offset < end).map(({ partition, end }) => [partition, end]));
}

function towards(ends: ReadonlyMap<number, number>, room: number): Phase {
  if (ends.size === 0) return { name: 'live' };
  return room > 0 ? { name: 'catching-up', ends, room } : { name: 'held', ends };
}

function afterBatch(
  { ends, room }: Extract<Phase, { readonly name: 'catching-up' }>,
  { partition, nextOffset, shown }: Extract<ReadingEvent, { readonly type: 'batch' }>,
): Phase {
  const isReached = nextOffset >= (ends.get(partition) ?? Number.POSITIVE_INFINITY);
  const left = isReached ? new Map([...ends].filter(([other]) => other !== partition)) : ends;
  return towards(left, room - shown);
}
