import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { hex, json, text, utf8 } from '../format/bytes.js';
import { size } from '../format/numbers.js';
import { dateTime, utc } from '../format/times.js';
import type { KeptBytes, RecordRow } from '../tail/row.js';
import { useConsole } from './context.js';

interface RecordDetailProps {
  readonly row: RecordRow;
  readonly onClose: () => void;
}

export function RecordDetail({ row, onClose }: RecordDetailProps) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) onClose();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [onClose]);
  return (
    <aside class="detail" aria-label="Record">
      <header>
        <h2>Record</h2>
        <button type="button" class="quiet" aria-label="Close the record" title="Esc" onClick={onClose}>
          ✕
        </button>
      </header>
      <dl class="facts">
        <Fact name="Partition" value={String(row.partition)} />
        <Fact name="Offset" value={String(row.offset)} />
        <Fact name="Timestamp" value={dateTime(row.timestamp)} />
        <Fact name="UTC" value={utc(row.timestamp)} />
      </dl>
      <Bytes name="Key" kept={row.key} />
      <Bytes name="Value" kept={row.value} />
      <h3>Headers</h3>
      {row.headers.length === 0 ? (
        <p class="none">none</p>
      ) : (
        <table aria-label="Headers">
          <tbody>
            {row.headers.map(({ name, value }, index) => (
              // Headers may have the same name, and never move
              <tr key={index}>
                <th scope="row">{name}</th>
                <td>
                  <code>{value.bytes === null ? '' : (utf8(value.bytes) ?? hex(value.bytes, 4))}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </aside>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

type Shape = 'text' | 'json' | 'hex';
const shapes: readonly (readonly [Shape, string])[] = [
  ['text', 'Text'],
  ['json', 'JSON'],
  ['hex', 'Hex'],
];

/** What the bytes are like at first sight. */
function shapeOf(bytes: Uint8Array): Shape {
  if (utf8(bytes) === undefined) return 'hex';
  return json(bytes) === undefined ? 'text' : 'json';
}

function Bytes({ name, kept }: { readonly name: string; readonly kept: KeptBytes }) {
  const shared = useConsole();
  const wanted = useSignal<Shape | undefined>(undefined);
  const { bytes } = kept;
  if (bytes === null) {
    return (
      <section aria-label={name}>
        <h3>{name}</h3>
        <p class="none">none</p>
      </section>
    );
  }
  const shape = wanted.value ?? shapeOf(bytes);
  const shown = shape === 'hex' ? hex(bytes) : shape === 'json' ? (json(bytes) ?? 'These bytes are no JSON.') : text(bytes);
  const copy = () =>
    navigator.clipboard.writeText(shown).then(
      () => shared.tell(`${name} copied.`),
      () => shared.tell('The browser did not allow copying.'),
    );
  return (
    <section aria-label={name}>
      <div class="bytes-head">
        <h3>{name}</h3>
        <small>{size(kept.size)}</small>
        <span class="grow" />
        <fieldset class="choice">
          <legend class="hidden">{name} as</legend>
          {shapes.map(([each, label]) => (
            <button key={each} type="button" aria-pressed={each === shape} onClick={() => (wanted.value = each)}>
              {label}
            </button>
          ))}
        </fieldset>
        <button type="button" class="quiet" aria-label={`Copy ${name.toLowerCase()}`} onClick={() => void copy()}>
          Copy
        </button>
      </div>
      {kept.size > bytes.length && (
        <p class="muted">
          The first {size(bytes.length)} of {size(kept.size)}.
        </p>
      )}
      <pre class="bytes">{shown === '' ? ' ' : shown}</pre>
    </section>
  );
}
