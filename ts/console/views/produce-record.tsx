import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Client } from '../../sdk/browser/index.js';
import { count } from '../format/numbers.js';
import { type Encoding, type RecordForm, recordWishOf } from '../forms/new-record.js';
import { messageOf } from '../live/loaded.js';
import type { TopicWatch } from '../live/topic-watch.js';
import { Dialog } from '../parts/dialog.js';
import { Field } from '../parts/field.js';
import { useConsole } from './context.js';
import { HeaderFields } from './header-fields.js';

const encodings: readonly (readonly [Encoding, string])[] = [
  ['text', 'Text'],
  ['json', 'JSON'],
  ['hex', 'Hex'],
];
const timeoutMs = 20_000;

interface ProduceProps {
  readonly client: Client;
  readonly topic: string;
  readonly watch: TopicWatch;
}

type Outcome = { readonly isFailure: boolean; readonly text: string; readonly field?: 'value' | 'headers' };

/** Stays open after a record was stored: the next one is often much like it. */
export function ProduceRecord({ client, topic, watch }: ProduceProps) {
  const shared = useConsole();
  const form = useSignal<RecordForm>({ key: '', value: '', encoding: 'text', hasNoValue: false, partition: '', headers: [] });
  const outcome = useSignal<Outcome | undefined>(undefined);
  const isBusy = useSignal(false);
  const producer = useMemo(() => client.producer({ lingerMs: 0, deliveryTimeoutMs: timeoutMs }), [client]);
  useEffect(() => () => void producer.close().catch(() => undefined), [producer]);
  const set = (change: Partial<RecordForm>) => {
    form.value = { ...form.value, ...change };
  };
  const wrong = (field: Outcome['field']) => (outcome.value?.field === field ? outcome.value?.text : undefined);

  const send = async () => {
    if (isBusy.value) return;
    const result = recordWishOf(form.value);
    if (!result.isValid) {
      outcome.value = { isFailure: true, text: result.why, field: result.field };
      return;
    }
    isBusy.value = true;
    const { key, value, partition, headers } = result.wish;
    try {
      const stored = await producer.send({ topic, key, value, headers, ...(partition === undefined ? {} : { partition }) });
      const at = stored.offset === undefined ? '' : ` at offset ${count(stored.offset)}`;
      outcome.value = { isFailure: false, text: `Stored in partition ${stored.partition}${at} (${stored.durability}).` };
    } catch (error) {
      outcome.value = { isFailure: true, text: messageOf(error) };
    } finally {
      isBusy.value = false;
    }
  };

  const details = watch.details.value;
  const partitions = details.is === 'ready' ? details.value.partitions : [];
  return (
    <Dialog title="Produce record" onClose={() => shared.close()}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send();
        }}
      >
        <Field label="Key" hint="Empty: none. Records of one key go to one partition.">
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            value={form.value.key}
            onInput={(event) => set({ key: event.currentTarget.value })}
          />
        </Field>
        <Field label="Value" problem={wrong('value')}>
          <textarea
            rows={6}
            spellcheck={false}
            disabled={form.value.hasNoValue}
            value={form.value.value}
            onInput={(event) => set({ value: event.currentTarget.value })}
          />
        </Field>
        <div class="pair">
          <Field label="Value is">
            <select
              value={form.value.encoding}
              onChange={(event) =>
                set({ encoding: encodings.find(([name]) => name === event.currentTarget.value)?.[0] ?? 'text' })
              }
            >
              {encodings.map(([name, text]) => (
                <option key={name} value={name}>
                  {text}
                </option>
              ))}
            </select>
          </Field>
          <Field label="Partition">
            <select value={form.value.partition} onChange={(event) => set({ partition: event.currentTarget.value })}>
              <option value="">By key, or in turn</option>
              {partitions.map(({ partition }) => (
                <option key={partition} value={String(partition)}>
                  {partition}
                </option>
              ))}
            </select>
          </Field>
        </div>
        <label>
          <input
            type="checkbox"
            checked={form.value.hasNoValue}
            onChange={(event) => set({ hasNoValue: event.currentTarget.checked })}
          />{' '}
          No value (deletes its key in a compacted topic)
        </label>
        <HeaderFields headers={form.value.headers} problem={wrong('headers')} onChange={(headers) => set({ headers })} />
        {outcome.value !== undefined && outcome.value.field === undefined && (
          <p class={outcome.value.isFailure ? 'failure' : 'success'} role={outcome.value.isFailure ? 'alert' : 'status'}>
            {outcome.value.text}
          </p>
        )}
        <div class="actions">
          <small>
            <kbd>Ctrl</kbd> <kbd>Enter</kbd> sends
          </small>
          <span class="grow" />
          <button type="button" onClick={() => shared.close()}>
            Close
          </button>
          <button type="submit" class="main" disabled={isBusy.value}>
            {isBusy.value ? 'Sending…' : 'Send'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
