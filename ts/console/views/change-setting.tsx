import { useSignal } from '@preact/signals';
import type { Client, TopicConfig } from '../../sdk/browser/index.js';
import { messageOf } from '../live/loaded.js';
import { Dialog } from '../parts/dialog.js';
import { Field } from '../parts/field.js';
import { useConsole } from './context.js';

interface ChangeSettingProps {
  readonly client: Client;
  readonly topic: string;
  readonly setting: TopicConfig;
  readonly onClose: () => void;
  /** The node acts by it: what is shown is old. */
  readonly onChanged: () => void;
}

/** One setting of a topic. What a value may be the node knows, and says so. */
export function ChangeSetting({ client, topic, setting, onClose, onChanged }: ChangeSettingProps) {
  const shared = useConsole();
  const { name, source, documentation } = setting;
  const value = useSignal(setting.value);
  const problem = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);

  const change = async (wanted: string | null) => {
    isBusy.value = true;
    try {
      await client.admin.alterTopic(topic, { [name]: wanted });
      onClose();
      shared.tell(wanted === null ? `${name} of ${topic} has its default again.` : `${name} of ${topic} is ${wanted} now.`);
      onChanged();
    } catch (error) {
      problem.value = messageOf(error);
      isBusy.value = false;
    }
  };

  return (
    <Dialog title={`Change ${name}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void change(value.value.trim());
        }}
      >
        <Field label="Value" problem={problem.value} hint={documentation}>
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            value={value.value}
            onInput={(event) => {
              value.value = event.currentTarget.value;
              problem.value = undefined;
            }}
          />
        </Field>
        <p>It takes effect at once, for {topic} alone.</p>
        <div class="actions">
          {source === 'topic' && (
            <button type="button" disabled={isBusy.value} onClick={() => void change(null)}>
              Set back to the default
            </button>
          )}
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="main" disabled={isBusy.value}>
            {isBusy.value ? 'Changing…' : 'Change'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
