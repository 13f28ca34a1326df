import type { Admin } from '../../sdk/browser/index.js';
import { count } from '../format/numbers.js';
import type { From } from '../tail/jump.js';
import type { Place } from '../tail/reading.js';

export interface Places {
  /** Where reading begins, for the consumer. */
  readonly from: From;
  readonly places: readonly Place[];
  /** What the reader has to know of this beginning. */
  readonly notes: readonly { readonly partition: number; readonly why: string }[];
}

/** Where a jump leads in each partition, and where that partition ends now. */
export async function placesOf(admin: Admin, topic: string, from: From, partition: number | undefined): Promise<Places> {
  if (from === 'end') return { from, places: [], notes: [] };
  const partitions = partition === undefined ? [] : [partition];
  const begin = typeof from === 'object' && 'offset' in from ? 'beginning' : from;
  const [starts, ends] = await Promise.all([
    admin.listOffsets(topic, begin, partitions),
    admin.listOffsets(topic, 'end', partitions),
  ]);
  const endOf = new Map(ends.map((each) => [each.partition, each.error === undefined ? each.offset : 0]));
  const places = starts
    .filter(({ error }) => error === undefined)
    .map((start) => ({ partition: start.partition, offset: start.offset, end: endOf.get(start.partition) ?? 0 }));
  return typeof from === 'object' && 'offset' in from ? atOffset(from.offset, places) : { from, places, notes: [] };
}

/** An offset that no partition has yet is waited for at the end. */
function atOffset(offset: number, places: readonly Place[]): Places {
  const isAhead = places.every(({ end }) => offset > end);
  if (!isAhead)
    return { from: { offset }, places: places.map((place) => ({ ...place, offset: Math.max(offset, place.offset) })), notes: [] };
  const notes = places.map(({ partition, end }) => ({
    partition,
    why: `Offset ${count(offset)} is not written yet: partition ${partition} ends at ${count(end)}. Waiting there for what comes.`,
  }));
  return { from: 'end', places: [], notes };
}
