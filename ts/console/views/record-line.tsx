// biome-ignore-all lint/a11y/useSemanticElements: a table element of thirty rows would say that there are thirty, not how many there are
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid is one stop of the tab key, and names the row that is chosen
import { memo } from 'preact/compat';
import { preview } from '../format/bytes.js';
import { clock, dateTime } from '../format/times.js';
import type { KeptBytes, Row } from '../tail/row.js';

/** In CSS pixels: --row-height of the style sheet says the same. */
export const rowHeight = 24;

export function lineId(number: number): string {
  return `record-${number}`;
}

interface RecordLineProps {
  /** In the buffer. */
  readonly number: number;
  /** In the grid, from 1 on, the head included. */
  readonly index: number;
  readonly row: Row | undefined;
  readonly isChosen: boolean;
  readonly choose: (number: number) => void;
}

/** Drawn once for as long as it is in sight: rows never change. */
export const RecordLine = memo(
  ({ number, index, row, isChosen, choose }: RecordLineProps) => {
    if (row === undefined) return null;
    if (row.kind === 'event') {
      return (
        <div class="grid-row event" role="row" aria-rowindex={index}>
          <span class="cell" role="gridcell" aria-colspan={5} title={row.text}>
            {row.text}
          </span>
        </div>
      );
    }
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys choose rows, see shortcuts.ts
      <div
        id={lineId(number)}
        class="grid-row"
        role="row"
        aria-rowindex={index}
        aria-selected={isChosen}
        onClick={() => choose(number)}
      >
        <span class="cell time" role="gridcell" title={dateTime(row.timestamp)}>
          {clock(row.timestamp)}
        </span>
        <span class="cell partition" role="gridcell">
          {row.partition}
        </span>
        <span class="cell offset" role="gridcell">
          {row.offset}
        </span>
        <span class="cell key" role="gridcell">
          <Bytes kept={row.key} />
        </span>
        <span class="cell value" role="gridcell">
          <Bytes kept={row.value} />
        </span>
      </div>
    );
  },
  (before, after) => before.row === after.row && before.isChosen === after.isChosen && before.number === after.number,
);

function Bytes({ kept }: { readonly kept: KeptBytes }) {
  if (kept.bytes === null) return <i class="none">none</i>;
  if (kept.size === 0) return <i class="none">empty</i>;
  return <>{preview(kept.bytes)}</>;
}
