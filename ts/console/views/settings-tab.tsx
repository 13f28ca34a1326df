import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Client } from '../../sdk/browser/index.js';
import type { TopicWatch } from '../live/topic-watch.js';
import { Empty, Loading } from '../parts/empty.js';
import { ChangeSetting } from './change-setting.js';
import { useActions } from './context.js';

export function SettingsTab({ client, watch }: { readonly client: Client; readonly watch: TopicWatch }) {
  const filter = useSignal('');
  const isChangedOnly = useSignal(false);
  /** By name, as its value may change while it is looked at. */
  const changing = useSignal<string | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  useActions({ find: () => field.current?.focus() });
  const details = watch.details.value;
  if (details.is === 'loading') return <Loading what="settings" />;
  if (details.is === 'failed') {
    return (
      <Empty title="The settings could not be read" isAlert>
        <p>{details.why}</p>
      </Empty>
    );
  }
  const wanted = filter.value.trim().toLowerCase();
  const found = details.value.configs.filter(
    ({ name, documentation, source }) =>
      (name.includes(wanted) || documentation.toLowerCase().includes(wanted)) && (!isChangedOnly.value || source === 'topic'),
  );
  const chosen = details.value.configs.find(({ name }) => name === changing.value);
  return (
    <>
      <div class="bar">
        <input
          ref={field}
          type="search"
          aria-label="Filter settings"
          placeholder="Filter by name or meaning"
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
        <label>
          <input
            type="checkbox"
            checked={isChangedOnly.value}
            onChange={(event) => (isChangedOnly.value = event.currentTarget.checked)}
          />{' '}
          Set for this topic
        </label>
      </div>
      {found.length === 0 ? (
        <Empty title="No setting is like this">
          <p>The filter looks at names and meanings; without it all settings are shown.</p>
        </Empty>
      ) : (
        <div class="scroll">
          <table aria-label="Settings">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Value</th>
                <th scope="col">From</th>
                <th scope="col">Meaning</th>
                <th scope="col">Change</th>
              </tr>
            </thead>
            <tbody>
              {found.map(({ name, value, source, documentation, isReadOnly }) => (
                <tr key={name} class={source === 'topic' ? 'set' : ''}>
                  <th scope="row">
                    <code>{name}</code>
                  </th>
                  <td>
                    <code>{value}</code>
                  </td>
                  <td>{sourceTexts[source ?? 'default']}</td>
                  <td class="prose">{documentation}</td>
                  <td>
                    {!isReadOnly && (
                      <button type="button" aria-label={`Change ${name}`} onClick={() => (changing.value = name)}>
                        Change
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {chosen !== undefined && (
        <ChangeSetting
          key={chosen.name}
          client={client}
          topic={watch.name}
          setting={chosen}
          onClose={() => (changing.value = undefined)}
          onChanged={() => void watch.look()}
        />
      )}
    </>
  );
}

const sourceTexts = { default: 'default', node: 'set for the node', topic: 'set for this topic' } as const;
