import { useEffect, useMemo } from 'preact/hooks';
import { TopicWatch } from '../live/topic-watch.js';
import { Empty, Loading } from '../parts/empty.js';
import { hashOf, type Tab, tabs } from '../route.js';
import { useConsole } from './context.js';
import { DeleteTopic } from './delete-topic.js';
import { PartitionsTab } from './partitions-tab.js';
import { ProduceRecord } from './produce-record.js';
import { RecordsTab } from './records-tab.js';
import { SettingsTab } from './settings-tab.js';

const tabTexts: Readonly<Record<Tab, string>> = { records: 'Records', partitions: 'Partitions', settings: 'Settings' };

export function TopicView({ topic, tab }: { readonly topic: string; readonly tab: Tab }) {
  const shared = useConsole();
  const client = shared.link.client.value;
  const watch = useMemo(() => (client === undefined ? undefined : new TopicWatch(client.admin, topic)), [client, topic]);
  useEffect(() => watch?.start(), [watch]);
  const details = watch?.details.value;
  const isGone = details?.is === 'failed' && details.code === 'unknown-topic';
  return (
    <section class={`topic ${tab}`} aria-labelledby="topic-title">
      <div class="bar">
        <h1 id="topic-title">{topic}</h1>
        {!isGone && (
          <nav class="tabs" aria-label="Topic">
            {tabs.map((each) => (
              <a key={each} href={hashOf({ view: 'topic', topic, tab: each })} aria-current={each === tab ? 'page' : undefined}>
                {tabTexts[each]}
              </a>
            ))}
          </nav>
        )}
        <span class="grow" />
        {!isGone && (
          <>
            <button type="button" onClick={() => shared.open('delete')}>
              Delete topic
            </button>
            <button type="button" class="main" onClick={() => shared.open('produce')}>
              Produce record
            </button>
          </>
        )}
      </div>
      {client === undefined || watch === undefined || details === undefined ? (
        <Loading what="the topic" />
      ) : isGone ? (
        <Gone topic={topic} />
      ) : (
        <>
          {tab === 'records' && <RecordsTab key={topic} client={client} watch={watch} />}
          {tab === 'partitions' && <PartitionsTab watch={watch} />}
          {tab === 'settings' && <SettingsTab client={client} watch={watch} />}
          {shared.dialog.value === 'produce' && <ProduceRecord client={client} topic={topic} watch={watch} />}
          {shared.dialog.value === 'delete' && <DeleteTopic client={client} topic={topic} />}
        </>
      )}
    </section>
  );
}

function Gone({ topic }: { readonly topic: string }) {
  return (
    <Empty title={`There is no topic ${topic}`} isAlert>
      <p>It was deleted, or never was.</p>
      <p>
        Go to <a href="#/topics">all topics</a>, or create it there.
      </p>
    </Empty>
  );
}
