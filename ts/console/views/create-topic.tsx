import { useSignal } from '@preact/signals';
import { type TopicForm, wishOf } from '../forms/new-topic.js';
import { messageOf } from '../live/loaded.js';
import { Dialog } from '../parts/dialog.js';
import { Field } from '../parts/field.js';
import { useConsole } from './context.js';

export function CreateTopic() {
  const shared = useConsole();
  const form = useSignal<TopicForm>({ name: '', partitions: '1', durability: 'fsync', settings: '' });
  const problem = useSignal<{ readonly field: keyof TopicForm | 'all'; readonly why: string } | undefined>(undefined);
  const isBusy = useSignal(false);
  const set = (change: Partial<TopicForm>) => {
    form.value = { ...form.value, ...change };
    problem.value = undefined;
  };
  const wrong = (field: keyof TopicForm | 'all') => (problem.value?.field === field ? problem.value.why : undefined);

  const create = async () => {
    const result = wishOf(form.value);
    if (!result.isValid) {
      problem.value = result.problem;
      return;
    }
    const client = shared.link.client.value;
    if (client === undefined) {
      problem.value = { field: 'all', why: 'There is no connection to the node yet: try again in a moment.' };
      return;
    }
    isBusy.value = true;
    const { name, partitions, configs } = result.wish;
    try {
      await client.admin.createTopic(name, { partitions, configs });
      shared.close();
      shared.tell(`Topic ${name} was created.`);
      shared.go({ view: 'topic', topic: name, tab: 'records' });
    } catch (error) {
      problem.value = { field: 'all', why: messageOf(error) };
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <Dialog title="Create topic" onClose={() => shared.close()}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Field label="Name" problem={wrong('name')} hint="Letters, digits, dots, dashes and underscores.">
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            value={form.value.name}
            onInput={(event) => set({ name: event.currentTarget.value })}
          />
        </Field>
        <Field label="Partitions" problem={wrong('partitions')} hint="More can be added later, fewer cannot.">
          <input
            type="text"
            inputMode="numeric"
            value={form.value.partitions}
            onInput={(event) => set({ partitions: event.currentTarget.value })}
          />
        </Field>
        <Field
          label="Durability"
          hint="fsync: acknowledged once it is on stable media. replicated: once it is in the page cache, as Kafka does."
        >
          <select
            value={form.value.durability}
            onChange={(event) => set({ durability: event.currentTarget.value === 'replicated' ? 'replicated' : 'fsync' })}
          >
            <option value="fsync">fsync</option>
            <option value="replicated">replicated</option>
          </select>
        </Field>
        <Field label="Settings" problem={wrong('settings')} hint="By their Kafka names, one on each line: retention.ms=86400000">
          <textarea
            rows={3}
            spellcheck={false}
            value={form.value.settings}
            onInput={(event) => set({ settings: event.currentTarget.value })}
          />
        </Field>
        {wrong('all') !== undefined && (
          <p class="failure" role="alert">
            {wrong('all')}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={() => shared.close()}>
            Cancel
          </button>
          <button type="submit" class="main" disabled={isBusy.value}>
            {isBusy.value ? 'Creating…' : 'Create'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
