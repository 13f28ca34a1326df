import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Tail } from '../live/tail.js';
import { type From, type JumpKind, jumpOf } from '../tail/jump.js';
import { useActions } from './context.js';

const kinds: readonly (readonly [JumpKind, string])[] = [
  ['end', 'End (live)'],
  ['beginning', 'Beginning'],
  ['offset', 'Offset'],
  ['time', 'Time'],
];
const placeholders: Readonly<Record<JumpKind, string>> = {
  end: '',
  beginning: '',
  offset: '12345',
  time: '14:30, 15m, 2026-01-31 14:30',
};
/** A list of more would be of no use: the number can be typed. */
const listedMax = 2_000;

interface JumpFormProps {
  readonly tail: Tail;
  readonly partitions: number | undefined;
  readonly jump: (from: From, partition: number | undefined) => void;
}

export function JumpForm({ tail, partitions, jump }: JumpFormProps) {
  const kind = useSignal<JumpKind>('end');
  const text = useSignal('');
  const problem = useSignal('');
  const select = useRef<HTMLSelectElement>(null);
  useActions({ jump: () => select.current?.focus() });
  const needsText = kind.value === 'offset' || kind.value === 'time';

  const go = () => {
    const wanted = jumpOf(kind.value, text.value, Date.now());
    problem.value = wanted.isValid ? '' : wanted.why;
    if (wanted.isValid) jump(wanted.from, tail.partition.value);
  };

  const chooseKind = (value: string) => {
    kind.value = kinds.find(([name]) => name === value)?.[0] ?? 'end';
    problem.value = '';
  };

  const choosePartition = (value: string) => jump(tail.from.value, value === '' ? undefined : Number(value));

  return (
    <form
      class="jump"
      aria-label="Jump"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <label>
        <span>Partition</span>
        <select
          aria-label="Partition"
          value={tail.partition.value === undefined ? '' : String(tail.partition.value)}
          onChange={(event) => choosePartition(event.currentTarget.value)}
        >
          <option value="">All</option>
          {Array.from({ length: Math.min(partitions ?? 0, listedMax) }, (_, index) => (
            <option key={String(index)} value={String(index)}>
              {index}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Jump to</span>
        <select ref={select} value={kind.value} onChange={(event) => chooseKind(event.currentTarget.value)}>
          {kinds.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {needsText && (
        <input
          type="text"
          aria-label={kind.value === 'offset' ? 'Offset' : 'Time'}
          aria-invalid={problem.value !== ''}
          spellcheck={false}
          autocomplete="off"
          placeholder={placeholders[kind.value]}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
            problem.value = '';
          }}
        />
      )}
      <button type="submit">Go</button>
      {problem.value !== '' && (
        <small class="problem" role="alert">
          {problem.value}
        </small>
      )}
    </form>
  );
}
