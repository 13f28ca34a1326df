import type { Signal } from '@preact/signals';
import { count, recordRate } from '../format/numbers.js';
import { rowLimits, type Tail } from '../live/tail.js';
import type { TopicWatch } from '../live/topic-watch.js';
import { filterOf } from '../tail/filter.js';
import { countsText, summaryOf } from '../tail/summary.js';
import { useConsole } from './context.js';

interface TailStateProps {
  readonly tail: Tail;
  readonly watch: TopicWatch;
  readonly filter: string;
  readonly isFollowing: Signal<boolean>;
}

/** Below so many the list is as good as up to date. */
const behindMin = 10_000;

export function TailState({ tail, watch, filter, isFollowing }: TailStateProps) {
  const { link } = useConsole();
  const reading = tail.reading.value;
  const counts = tail.counts.value;
  const { word, advice } = summaryOf(reading, link.state.value === 'connected', tail.isSampling.value);
  const isBad = reading.phase.name === 'failed' || reading.phase.name === 'ended';
  return (
    <div class="tail-state">
      <span class={`state ${isBad ? 'bad' : reading.phase.name === 'live' && !reading.isPaused ? 'connected' : 'connecting'}`}>
        <span role="status" aria-label="Reading">
          {word}
        </span>
      </span>
      <span class="counts" title={`The list keeps the last ${count(rowLimits.countMax)} of them`}>
        {countsText(counts, !filterOf(filter).isEmpty)}
      </span>
      <span class="muted">{recordRate(watch.usage.value?.recordRate)} appended</span>
      {counts.behind >= behindMin && <span class="muted">{count(counts.behind)} behind</span>}
      {advice !== '' && <span class={isBad ? 'failure' : 'muted'}>{advice}</span>}
      {reading.phase.name === 'failed' && (
        <button type="button" onClick={() => tail.jump(tail.from.value, tail.partition.value)}>
          Try again
        </button>
      )}
      <span class="grow" />
      {!isFollowing.value && reading.phase.name === 'live' && (
        <button type="button" onClick={() => (isFollowing.value = true)}>
          Follow newest ↓
        </button>
      )}
    </div>
  );
}
