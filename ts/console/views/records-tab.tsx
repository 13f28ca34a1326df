import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Client } from '../../sdk/browser/index.js';
import { Tail } from '../live/tail.js';
import type { TopicWatch } from '../live/topic-watch.js';
import type { Chosen } from '../tail/chosen.js';
import { useActions } from './context.js';
import { JumpForm } from './jump-form.js';
import { RecordDetail } from './record-detail.js';
import { RecordList } from './record-list.js';
import { TailState } from './tail-state.js';

export function RecordsTab({ client, watch }: { readonly client: Client; readonly watch: TopicWatch }) {
  const tail = useMemo(() => new Tail(client, watch.name), [client, watch]);
  const filter = useSignal('');
  const chosen = useSignal<Chosen | undefined>(undefined);
  const isFollowing = useSignal(true);
  const field = useRef<HTMLInputElement>(null);
  const jump = (from: Parameters<Tail['jump']>[0], partition: number | undefined) => {
    isFollowing.value = from === 'end';
    chosen.value = undefined;
    tail.jump(from, partition);
  };
  useEffect(() => {
    tail.jump('end', undefined);
    return () => tail.close();
  }, [tail]);
  const toggle = () => (tail.reading.value.isPaused || tail.reading.value.phase.name === 'held' ? tail.resume() : tail.pause());
  useActions({
    find: () => field.current?.focus(),
    pause: toggle,
    end: () => jump('end', tail.partition.value),
    beginning: () => jump('beginning', tail.partition.value),
  });
  const details = watch.details.value;
  const partitions = details.is === 'ready' ? details.value.partitions.length : undefined;
  return (
    <div class={chosen.value === undefined ? 'records' : 'records with-detail'}>
      <div class="bar" role="toolbar" aria-label="Records">
        <PauseButton tail={tail} toggle={toggle} />
        <input
          ref={field}
          type="search"
          aria-label="Filter records"
          title={'Words that must all occur. "two words", -not, key:word, value:word, header:name=value'}
          placeholder="Filter: words, -not, key:word"
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value;
            tail.setFilter(filter.value);
          }}
          onChange={() => {
            // What is on the screen was chosen by other words: the same place is read again.
            if (tail.from.value !== 'end') jump(tail.from.value, tail.partition.value);
          }}
        />
        <JumpForm tail={tail} partitions={partitions} jump={jump} />
      </div>
      <TailState tail={tail} watch={watch} filter={filter.value} isFollowing={isFollowing} />
      <div class="panes">
        <RecordList tail={tail} filter={filter.value} chosen={chosen} isFollowing={isFollowing} />
        {chosen.value !== undefined && <RecordDetail row={chosen.value.row} onClose={() => (chosen.value = undefined)} />}
      </div>
    </div>
  );
}

function PauseButton({ tail, toggle }: { readonly tail: Tail; readonly toggle: () => void }) {
  const { phase, isPaused } = tail.reading.value;
  const isOver = phase.name === 'ended' || phase.name === 'failed';
  const isHeld = phase.name === 'held';
  return (
    <button type="button" class={isHeld ? 'main' : ''} disabled={isOver} title="Space" onClick={toggle}>
      {isHeld ? 'Next page' : isPaused ? 'Resume' : 'Pause'}
    </button>
  );
}
