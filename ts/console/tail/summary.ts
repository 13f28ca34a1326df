import { count } from '../format/numbers.js';
import type { Reading } from './reading.js';

/** What the list says of itself: a word or two, and where it helps, what to do. */
export interface Summary {
  readonly word: string;
  readonly advice: string;
}

export function summaryOf({ phase, isPaused }: Reading, isConnected: boolean, isSampling: boolean): Summary {
  if (phase.name === 'ended') return { word: 'Ended', advice: phase.why };
  if (phase.name === 'failed') return { word: 'Failed', advice: phase.why };
  if (!isConnected) return { word: 'Reconnecting…', advice: 'It goes on where it was as soon as the node is back.' };
  if (isPaused) return { word: 'Paused', advice: 'Nothing is skipped: it goes on where it stopped.' };
  switch (phase.name) {
    case 'opening':
      return { word: 'Opening…', advice: '' };
    case 'catching-up':
      return { word: 'Reading…', advice: '' };
    case 'held':
      return { word: 'Page full', advice: 'There is more behind it.' };
    case 'live':
      return isSampling
        ? { word: 'Live, sampled', advice: 'Records come faster than they can be shown: these are some of them.' }
        : { word: 'Live', advice: '' };
  }
}

export interface Counts {
  readonly received: number;
  readonly matched: number;
  readonly shown: number;
}

/** "Shown 12 of 3,400 received"; with a filter also how many it let through. */
export function countsText({ received, matched, shown }: Counts, isFiltered: boolean): string {
  const of = isFiltered ? `${count(matched)} that match, of ${count(received)} received` : `${count(received)} received`;
  return `Shown ${count(shown)} of ${of}`;
}
