// biome-ignore-all lint/a11y/useSemanticElements: a table element of thirty rows would say that there are thirty, not how many there are
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid is one stop of the tab key, and names the row that is chosen
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Tail } from '../live/tail.js';
import { Empty } from '../parts/empty.js';
import type { Chosen } from '../tail/chosen.js';
import { rangeOf, scrollToRow, type Viewport } from '../tail/range.js';
import { useActions, useConsole } from './context.js';
import { lineId, RecordLine, rowHeight } from './record-line.js';

interface RecordListProps {
  readonly tail: Tail;
  readonly filter: string;
  readonly chosen: Signal<Chosen | undefined>;
  readonly isFollowing: Signal<boolean>;
}

const columns = ['Time', 'Partition', 'Offset', 'Key', 'Value'];

/**
 * Only the rows on the screen exist. While it follows, the newest is in sight; else what is looked at stays where it is, whatever is
 * appended below or dropped above.
 */
export function RecordList({ tail, filter, chosen, isFollowing }: RecordListProps) {
  const box = useRef<HTMLDivElement>(null);
  const viewport = useSignal<Viewport>({ scrollTop: 0, height: 600 });
  const drawnFirst = useRef(tail.rows.first);
  const lastTop = useRef(0);
  // Read so that this is drawn again with the rows.
  const drawn = tail.drawn.value;
  const { first, end } = tail.rows;

  const look = () => {
    const element = box.current;
    if (element === null) return;
    lastTop.current = element.scrollTop;
    // The head covers as much of the box as a row would.
    viewport.value = { scrollTop: element.scrollTop, height: element.clientHeight - rowHeight };
  };
  const scrollTo = (top: number) => {
    const element = box.current;
    if (element === null) return;
    element.scrollTop = top;
    look();
  };

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  });

  // What is drawn is the dependency
  useLayoutEffect(() => {
    const dropped = first - drawnFirst.current;
    drawnFirst.current = first;
    if (isFollowing.value) scrollTo((end - first) * rowHeight);
    else if (dropped > 0 && viewport.value.scrollTop > 0) scrollTo(Math.max(0, viewport.value.scrollTop - dropped * rowHeight));
    // A list that has become short has moved by itself, which is no wish to go anywhere.
    else look();
  }, [drawn, first, end, isFollowing.value]);

  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    const isAtEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight;
    // Only a move upwards leaves the end, and only one downwards finds it: rows that came or went since the last frame do neither.
    if (element.scrollTop < lastTop.current - 1) isFollowing.value = false;
    else if (isAtEnd && element.scrollTop > lastTop.current) isFollowing.value = true;
    look();
  };

  const choose = (number: number) => {
    const row = tail.rows.at(number);
    if (row?.kind !== 'record') return;
    chosen.value = { number, row };
    isFollowing.value = false;
    scrollTo(scrollToRow(number, tail.rows.first, rowHeight, viewport.value));
  };

  const step = (by: 1 | -1) => {
    const { first: oldest, end: newest } = tail.rows;
    const from = chosen.value === undefined ? (by > 0 ? oldest - 1 : newest) : Math.max(oldest - 1, chosen.value.number);
    for (let number = from + by; number >= oldest && number < newest; number += by) {
      if (tail.rows.at(number)?.kind === 'record') return choose(number);
    }
  };
  useActions({ next: () => step(1), previous: () => step(-1) });

  const range = rangeOf(first, end, rowHeight, viewport.value);
  const numbers = Array.from({ length: range.to - range.from }, (_, index) => range.from + index);
  return (
    <div class="record-list">
      <div
        ref={box}
        class="grid"
        role="grid"
        aria-label="Records"
        aria-rowcount={end - first + 1}
        aria-colcount={columns.length}
        aria-activedescendant={chosen.value === undefined ? undefined : lineId(chosen.value.number)}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div class="grid-head" role="rowgroup">
          <div class="grid-row" role="row" aria-rowindex={1}>
            {columns.map((name) => (
              <span key={name} role="columnheader" class={`cell ${name.toLowerCase()}`}>
                {name}
              </span>
            ))}
          </div>
        </div>
        <div class="grid-body" role="rowgroup">
          <div style={{ height: `${(end - first) * rowHeight}px`, position: 'relative' }} role="presentation">
            <div style={{ transform: `translateY(${range.top}px)` }} role="presentation">
              {numbers.map((number) => (
                <RecordLine
                  key={number}
                  number={number}
                  index={number - first + 2}
                  row={tail.rows.at(number)}
                  isChosen={chosen.value?.number === number}
                  choose={choose}
                />
              ))}
            </div>
          </div>
        </div>
      </div>
      {end === first && <Nothing tail={tail} filter={filter} />}
    </div>
  );
}

function Nothing({ tail, filter }: { readonly tail: Tail; readonly filter: string }) {
  const shared = useConsole();
  const { phase } = tail.reading.value;
  if (phase.name === 'opening') return <Empty title="Opening…" />;
  if (phase.name === 'failed') {
    return (
      <Empty title="The records cannot be read" isAlert>
        <p>{phase.why}</p>
        <p>Try again, or jump to another place.</p>
      </Empty>
    );
  }
  if (phase.name !== 'live') return <Empty title={filter === '' ? 'Reading…' : 'Nothing has matched the filter so far'} />;
  return (
    <Empty title={filter === '' ? 'Waiting for records' : 'Nothing has matched the filter so far'}>
      <p>What comes from now on appears here. To see what was stored before, jump to the beginning, an offset or a time.</p>
      <p>
        <button type="button" onClick={() => shared.perform('beginning')}>
          Jump to the beginning
        </button>{' '}
        <button type="button" onClick={() => shared.open('produce')}>
          Produce record
        </button>
      </p>
    </Empty>
  );
}
