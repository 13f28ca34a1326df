import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { TopicWatch } from '../live/topic-watch.js';
import { Empty, Loading } from '../parts/empty.js';
import { useActions } from './context.js';

export function SettingsTab({ watch }: { readonly watch: TopicWatch }) {
  const filter = useSignal('');
  const isChangedOnly = useSignal(false);
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
          <p>Change one with: millrace topic alter {watch.name} --config NAME=VALUE</p>
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
              </tr>
            </thead>
            <tbody>
              {found.map(({ name, value, source, documentation }) => (
                <tr key={name} class={source === 'topic' ? 'set' : ''}>
                  <th scope="row">
                    <code>{name}</code>
                  </th>
                  <td>
                    <code>{value}</code>
                  </td>
                  <td>{source}</td>
                  <td class="prose">{documentation}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
