import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { TopicDescription } from '../../sdk/browser/index.js';
import { count, recordRate, size, sizeRate } from '../format/numbers.js';
import { TopicsWatch } from '../live/topics-watch.js';
import type { Usage } from '../metrics/usage.js';
import { Empty, Loading } from '../parts/empty.js';
import { hashOf } from '../route.js';
import { useActions, useConsole } from './context.js';

const pageSize = 50;

export function TopicsView() {
  const shared = useConsole();
  const client = shared.link.client.value;
  const watch = useMemo(() => (client === undefined ? undefined : new TopicsWatch(client.admin)), [client]);
  useEffect(() => watch?.start(), [watch]);
  const filter = useSignal('');
  const page = useSignal(0);
  const field = useRef<HTMLInputElement>(null);
  useActions({ find: () => field.current?.focus() });
  return (
    <section aria-labelledby="topics-title">
      <div class="bar">
        <h1 id="topics-title">Topics</h1>
        <input
          ref={field}
          type="search"
          aria-label="Filter topics"
          placeholder="Filter by name"
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value;
            page.value = 0;
          }}
        />
        <span class="grow" />
        <button type="button" class="main" onClick={() => shared.open('create')}>
          Create topic
        </button>
      </div>
      {watch === undefined ? (
        <Loading what="topics" />
      ) : (
        <Content watch={watch} filter={filter.value} page={page.value} turn={(to) => (page.value = to)} />
      )}
    </section>
  );
}

interface ContentProps {
  readonly watch: TopicsWatch;
  readonly filter: string;
  readonly page: number;
  readonly turn: (page: number) => void;
}

function Content({ watch, filter, page, turn }: ContentProps) {
  const shared = useConsole();
  const topics = watch.topics.value;
  const all = topics.is === 'ready' ? topics.value : [];
  const found = all.filter(({ name }) => name.toLowerCase().includes(filter.trim().toLowerCase()));
  const shown = found.slice(page * pageSize, (page + 1) * pageSize);
  const names = shown.map(({ name }) => name).join('/');
  // The names stand for the topics that are shown
  useEffect(() => watch.show(shown.map(({ name }) => name)), [watch, names]);
  if (topics.is === 'loading') return <Loading what="topics" />;
  if (topics.is === 'failed') {
    return (
      <Empty title="The topics could not be read" isAlert>
        <p>{topics.why}</p>
        <p>This is tried again by itself.</p>
      </Empty>
    );
  }
  if (all.length === 0) {
    return (
      <Empty title="There are no topics yet">
        <p>Create the first one, or produce to any name: a topic is created when a record comes for it.</p>
        <p>
          <button type="button" class="main" onClick={() => shared.open('create')}>
            Create topic
          </button>
        </p>
        <pre>echo hello | millrace produce my-topic</pre>
      </Empty>
    );
  }
  if (found.length === 0) return <Empty title={`No topic has “${filter}” in its name`} />;
  return (
    <>
      <Table topics={shown} usages={watch.usages.value} />
      <Pages count={found.length} page={page} turn={turn} />
    </>
  );
}

function Table({
  topics,
  usages,
}: {
  readonly topics: readonly TopicDescription[];
  readonly usages: ReadonlyMap<string, Usage>;
}) {
  return (
    <div class="scroll">
      <table aria-label="Topics">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="number">
              Partitions
            </th>
            <th scope="col" class="number">
              Records
            </th>
            <th scope="col" class="number">
              Records/s
            </th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col" class="number">
              Growth
            </th>
            <th scope="col">Durability</th>
          </tr>
        </thead>
        <tbody>
          {topics.map((topic) => (
            <TopicRow key={topic.topicId} topic={topic} usage={usages.get(topic.name)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TopicRow({ topic, usage }: { readonly topic: TopicDescription; readonly usage: Usage | undefined }) {
  return (
    <tr>
      <th scope="row">
        <a href={hashOf({ view: 'topic', topic: topic.name, tab: 'records' })}>{topic.name}</a>
      </th>
      <td class="number">{count(topic.partitions.length)}</td>
      <td class="number">{count(usage?.records ?? Number.NaN)}</td>
      <td class="number">{recordRate(usage?.recordRate)}</td>
      <td class="number">{size(usage?.size ?? Number.NaN)}</td>
      <td class="number">{sizeRate(usage?.sizeRate)}</td>
      <td>{topic.durability}</td>
    </tr>
  );
}

function Pages({
  count: all,
  page,
  turn,
}: {
  readonly count: number;
  readonly page: number;
  readonly turn: (page: number) => void;
}) {
  if (all <= pageSize) return null;
  const last = Math.ceil(all / pageSize) - 1;
  return (
    <nav class="pages" aria-label="Pages">
      <button type="button" disabled={page === 0} onClick={() => turn(page - 1)}>
        Previous
      </button>
      <span>
        {count(page * pageSize + 1)}–{count(Math.min(all, (page + 1) * pageSize))} of {count(all)}
      </span>
      <button type="button" disabled={page >= last} onClick={() => turn(page + 1)}>
        Next
      </button>
    </nav>
  );
}
