import { useSignal } from '@preact/signals';
import type { Client } from '../../sdk/browser/index.js';
import { messageOf } from '../live/loaded.js';
import { Dialog } from '../parts/dialog.js';
import { Field } from '../parts/field.js';
import { useConsole } from './context.js';

/** Its name has to be typed: nothing brings the records back. */
export function DeleteTopic({ client, topic }: { readonly client: Client; readonly topic: string }) {
  const shared = useConsole();
  const typed = useSignal('');
  const failure = useSignal('');
  const isBusy = useSignal(false);

  const remove = async () => {
    isBusy.value = true;
    try {
      await client.admin.deleteTopic(topic);
      shared.close();
      shared.tell(`Topic ${topic} was deleted.`);
      shared.go({ view: 'topics' });
    } catch (error) {
      failure.value = messageOf(error);
      isBusy.value = false;
    }
  };

  return (
    <Dialog title={`Delete ${topic}`} onClose={() => shared.close()}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.value === topic) void remove();
        }}
      >
        <p>All its records go with it, and nothing brings them back.</p>
        <Field label={`Type ${topic} to delete it`}>
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </Field>
        {failure.value !== '' && (
          <p class="failure" role="alert">
            {failure.value}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={() => shared.close()}>
            Cancel
          </button>
          <button type="submit" class="danger" disabled={typed.value !== topic || isBusy.value}>
            {isBusy.value ? 'Deleting…' : 'Delete'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
