import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Client, connect } from '../../ts/sdk/node/index.js';
import { killAll, type RunningNode, startNode } from '../node/process.mjs';
import { launch } from './chromium.js';
import {
  connected,
  createTopic,
  jumpTo,
  live,
  type Opened,
  offsetsOf,
  openConsole,
  produce,
  records,
  rowOf,
  shownCounts,
} from './console-page.js';

let browser: Browser;
let data: string;
let node: RunningNode;
let client: Client;
let opened: Opened;
let page: Page;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'millrace-browser-'));
  [browser, node] = await Promise.all([launch(), startNode(data)]);
  client = await connect(node.gateway);
});

afterAll(async () => {
  await client?.close().catch(() => undefined);
  await browser?.close();
  killAll();
  rmSync(data, { recursive: true, force: true });
});

beforeEach(async () => {
  opened = await openConsole(browser, node.url);
  page = opened.page;
});

afterEach(async () => {
  expect(opened.problems).toEqual([]);
  // Nothing comes from anywhere but the node, and nothing goes elsewhere.
  expect([...opened.hosts]).toEqual([new URL(node.url).host]);
  await page.context().close();
});

test('a topic is created, is listed with what is in it, and deleted', async () => {
  await createTopic(page, 'listed', 3);
  await produce(page, 'one');
  await page.getByRole('link', { name: 'Partitions' }).click();
  const partitions = page.getByRole('table', { name: 'Partitions' });
  await expect.poll(() => partitions.getByRole('row').count()).toBe(4);
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('searchbox', { name: 'Filter settings' }).fill('retention.ms');
  await page
    .getByRole('table', { name: 'Settings' })
    .getByRole('row', { name: /604800000/ })
    .first()
    .waitFor();
  await page.getByRole('link', { name: 'Topics', exact: true }).click();
  const row = page.getByRole('table', { name: 'Topics' }).getByRole('row', { name: /listed/ });
  await expect
    .poll(() => row.getByRole('cell').allInnerTexts())
    .toEqual(['3', '1', expect.stringMatching(/\/s$/), expect.stringMatching(/ B$/), expect.any(String), 'fsync']);
  await row.getByRole('link', { name: 'listed' }).click();
  await page.getByRole('button', { name: 'Delete topic' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete listed' });
  expect(await dialog.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
  await dialog.getByLabel('Type listed to delete it').fill('listed');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('status', { name: 'Last action' }).filter({ hasText: 'deleted' }).waitFor();
  await expect.poll(() => page.getByRole('link', { name: 'listed' }).count()).toBe(0);
});

test('a setting is changed, refused with the node’s reason, and set back', async () => {
  await createTopic(page, 'configured');
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('searchbox', { name: 'Filter settings' }).fill('retention.ms');
  const row = page
    .getByRole('table', { name: 'Settings' })
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: 'retention.ms', exact: true }) });
  const shown = async () => (await row.getByRole('cell').allInnerTexts()).slice(0, 2);
  await expect.poll(shown).toEqual(['604800000', 'default']);
  await row.getByRole('button', { name: 'Change retention.ms', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Change retention.ms' });
  expect(await dialog.getByRole('button', { name: 'Set back to the default' }).count()).toBe(0);
  await dialog.getByRole('textbox', { name: 'Value' }).fill('a week');
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByRole('alert').filter({ hasText: 'retention.ms' }).waitFor();
  await dialog.getByRole('textbox', { name: 'Value' }).fill('3600000');
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  await page
    .getByRole('status', { name: 'Last action' })
    .filter({ hasText: 'retention.ms of configured is 3600000 now' })
    .waitFor();
  await expect.poll(shown).toEqual(['3600000', 'set for this topic']);
  const { configs } = await client.admin.describeTopic('configured');
  expect(configs.find(({ name }) => name === 'retention.ms')).toMatchObject({ value: '3600000', source: 'topic' });

  await page.getByRole('searchbox', { name: 'Filter settings' }).fill('');
  await page.getByRole('checkbox', { name: 'Set for this topic' }).check();
  await row.getByRole('button', { name: 'Change retention.ms', exact: true }).click();
  await dialog.getByRole('button', { name: 'Set back to the default' }).click();
  await page.getByRole('checkbox', { name: 'Set for this topic' }).uncheck();
  await expect.poll(shown).toEqual(['604800000', 'default']);
});

test('a wrong name is refused at its field, and what the node refuses is said', async () => {
  await page.getByRole('button', { name: 'Create topic' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Create topic' });
  await dialog.getByLabel('Name').fill('no spaces');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.getByRole('alert').filter({ hasText: '249 letters' }).waitFor();
  await dialog.getByLabel('Name').fill('fine');
  await dialog.getByLabel('Settings').fill('retention.msx=5');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'retention.ms' }).waitFor();
});

test('a record is produced, seen live, and looked at in every form', async () => {
  await createTopic(page, 'seen');
  await live(page);
  await produce(page, '{"state":"paid","sum":12}', 'customer-42', { trace: 'abc' });
  await rowOf(page, 'customer-42').click();
  const record = page.getByRole('complementary', { name: 'Record' });
  const value = record.getByRole('region', { name: 'Value' });
  await value.getByText('"state": "paid"').waitFor();
  await value.getByRole('button', { name: 'Hex' }).click();
  await value.getByText('00000000  7b 22 73 74').waitFor();
  await value.getByRole('button', { name: 'Text' }).click();
  await value.getByText('{"state":"paid","sum":12}', { exact: true }).waitFor();
  await record.getByRole('region', { name: 'Key' }).getByText('customer-42').waitFor();
  await record.getByRole('table', { name: 'Headers' }).getByRole('row', { name: 'trace abc' }).waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => record.count()).toBe(0);
});

test('compressed records are read in the page, each codec loaded when it is needed', async () => {
  await createTopic(page, 'compressed');
  await live(page);
  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const producer = client.producer({ compression });
    await producer.send({ topic: 'compressed', value: `${compression} ${'again '.repeat(100)}` });
    await producer.close();
    await rowOf(page, compression).waitFor();
  }
});

test('the filter lets through what matches, of what comes and of what was there', async () => {
  await createTopic(page, 'filtered');
  await live(page);
  const producer = client.producer();
  for (const value of ['even first', 'odd first']) await producer.send({ topic: 'filtered', value });
  await rowOf(page, 'odd first').waitFor();
  await page.getByRole('searchbox', { name: 'Filter records' }).fill('odd -never');
  await expect.poll(() => rowOf(page, 'even').count()).toBe(0);
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      producer.send({ topic: 'filtered', value: index % 2 === 0 ? `even ${index}` : `odd ${index}` }),
    ),
  );
  await producer.close();
  await rowOf(page, 'odd 19').waitFor();
  expect(await rowOf(page, 'even').count()).toBe(0);
  await page.getByText('Shown 11 of 11 that match, of 22 received').waitFor();
  await jumpTo(page, 'Beginning');
  await page.getByText('Shown 11 of 11 that match, of 22 received').waitFor();
  expect(await rowOf(page, 'odd').count()).toBe(11);
});

test('paused, nothing moves; resumed, nothing is missing', async () => {
  await createTopic(page, 'paused');
  await live(page);
  const producer = client.producer();
  await producer.send({ topic: 'paused', value: 'before' });
  await rowOf(page, 'before').waitFor();
  await page.keyboard.press(' ');
  await page.getByRole('status', { name: 'Reading' }).filter({ hasText: 'Paused' }).waitFor();
  for (let index = 0; index < 30; index++) await producer.send({ topic: 'paused', value: `while ${index}.` });
  await producer.close();
  await page.getByRole('link', { name: 'Partitions' }).waitFor();
  expect(await rowOf(page, 'while').count()).toBe(0);
  await page.getByRole('button', { name: 'Resume' }).click();
  await rowOf(page, 'while 29.').waitFor();
  await page.getByText('Shown 31 of 31 received').waitFor();
});

test('jumps to an offset and to a time, and says what cannot be', async () => {
  await createTopic(page, 'places');
  const start = Date.UTC(2026, 0, 1);
  const producer = client.producer();
  const sent = Array.from({ length: 3_000 }, (_, index) =>
    producer.send({ topic: 'places', value: `record ${index}.`, timestamp: start + index * 1000 }),
  );
  await Promise.all(sent);
  await producer.close();
  await jumpTo(page, 'Offset', '1,500');
  await rowOf(page, 'record 1500.').waitFor();
  expect(await rowOf(page, 'record 1499.').count()).toBe(0);
  await page.getByRole('status', { name: 'Reading' }).filter({ hasText: 'Page full' }).waitFor();
  await page.getByText('Shown 1,000 of 1,000 received').waitFor();
  await page.getByRole('button', { name: 'Next page' }).click();
  await page.getByText('Shown 1,500 of 1,500 received').waitFor();
  await live(page);
  await jumpTo(page, 'Time', new Date(start + 2_990_000).toISOString());
  await rowOf(page, 'record 2990.').waitFor();
  await page.getByText('Shown 10 of 10 received').waitFor();
  await jumpTo(page, 'Offset', '5000');
  await rowOf(page, 'Offset 5,000 is not written yet').waitFor();
  await jumpTo(page, 'Time', 'some day');
  await page.getByRole('alert').filter({ hasText: 'A time is' }).waitFor();
});

test('keyboard, theme, and the list of keys', async () => {
  await createTopic(page, 'keys');
  await live(page);
  const producer = client.producer();
  for (let index = 0; index < 3; index++) await producer.send({ topic: 'keys', value: `row ${index}.` });
  await producer.close();
  await rowOf(page, 'row 2.').waitFor();
  await page.getByRole('heading', { name: 'keys', level: 1 }).click();
  await page.keyboard.press('j');
  const record = page.getByRole('complementary', { name: 'Record' });
  await record.getByText('row 0.').waitFor();
  await page.keyboard.press('ArrowDown');
  await record.getByText('row 1.').waitFor();
  await page.keyboard.press('k');
  await record.getByText('row 0.').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).getByText('Pause and go on').waitFor();
  await page.keyboard.press('Escape');
  const back = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  await page.getByRole('combobox', { name: 'Theme' }).selectOption('Dark');
  const dark = await back();
  await page.getByRole('combobox', { name: 'Theme' }).selectOption('Light');
  expect(await back()).not.toBe(dark);
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'keys', level: 1 }).click();
  await page.keyboard.press('n');
  await page.getByRole('heading', { name: 'Node', level: 1 }).waitFor();
});

test('the node’s health and load', async () => {
  await page.getByRole('link', { name: 'Node', exact: true }).click();
  await page.getByRole('status', { name: 'Readiness' }).filter({ hasText: 'Ready' }).waitFor();
  const facts = page.getByRole('table', { name: 'Node' });
  await facts.getByRole('row', { name: /Connections [1-9]/ }).waitFor();
  await facts.getByRole('row', { name: /Disk free .* [GT]iB/ }).waitFor();
  const producer = client.producer();
  await producer.send({ topic: 'load', value: 'x' });
  await producer.close();
  await page
    .getByRole('figure', { name: 'Throughput' })
    .getByText(/In.*\/s/)
    .waitFor();
  await page.getByRole('figure', { name: 'Produce latency' }).getByText('p99').waitFor();
});

test('at 50,000 records a second it samples, says so, and stays usable', async () => {
  await createTopic(page, 'fast', 4);
  await live(page);
  // Every record is looked at, not only those that are shown.
  await page.getByRole('searchbox', { name: 'Filter records' }).fill('number');
  const producer = client.producer({ lingerMs: 10 });
  const perTick = 2_500;
  let sent = 0;
  let isOver = false;
  const load = (async () => {
    for (let tick = 0; tick < 100 && !isOver; tick++) {
      const until = performance.now() + 50;
      for (let index = 0; index < perTick; index++) {
        const full = producer.write({ topic: 'fast', value: `number ${sent++} ${'x'.repeat(80)}` });
        if (full !== undefined) await full;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - performance.now())));
    }
    await producer.close();
  })();
  await page.getByRole('status', { name: 'Reading' }).filter({ hasText: 'Live, sampled' }).waitFor();
  // The page answers meanwhile: a pause and a record, each by its own doing.
  await expect.poll(async () => (await shownCounts(page)).received).toBeGreaterThan(50_000);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('status', { name: 'Reading' }).filter({ hasText: 'Paused' }).waitFor();
  await rowOf(page, 'number').first().click();
  await page.getByRole('complementary', { name: 'Record' }).getByText('number').first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Resume' }).click();
  await load;
  isOver = true;
  await expect.poll(async () => (await shownCounts(page)).received, { timeout: 30_000 }).toBe(sent);
  const { shown, received } = await shownCounts(page);
  expect(received).toBe(100 * perTick);
  expect(shown).toBeLessThan(received / 2);
  // Rows that are kept, and rows that exist on the page, are bounded whatever came.
  expect(Number(await records(page).getAttribute('aria-rowcount'))).toBeLessThanOrEqual(5_001);
  expect(await records(page).getByRole('row').count()).toBeLessThan(100);
  await page
    .getByRole('status', { name: 'Reading' })
    .filter({ hasText: /^Live$/ })
    .waitFor();
});

test('a node that is killed under load and started again is read on, without a gap or a repeat', async () => {
  await createTopic(page, 'restarted');
  await live(page);
  const producer = client.producer({ lingerMs: 0 });
  const sent: Promise<unknown>[] = [];
  const send = async (count: number) => {
    for (let index = 0; index < count; index++) {
      sent.push(producer.send({ topic: 'restarted', value: `record ${sent.length}.` }));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await send(50);
  await rowOf(page, 'record 49.').waitFor();
  const under = send(100);
  await node.kill('SIGKILL');
  await page.getByRole('status', { name: 'Connection' }).filter({ hasText: 'Reconnecting' }).waitFor();
  await page.getByRole('alert').filter({ hasText: 'The connection to the node is lost' }).waitFor();
  // What was known stays on the screen.
  expect(await rowOf(page, 'record 49.').count()).toBe(1);
  node = await startNode(data, ['--gateway', node.gateway]);
  await connected(page).waitFor();
  await under;
  await Promise.all(sent);
  await producer.close();
  await rowOf(page, 'record 149.').waitFor();
  await page.getByText('Shown 150 of 150 received').waitFor();
  const last = (await offsetsOf(page)).slice(-10);
  expect(last).toEqual(['140', '141', '142', '143', '144', '145', '146', '147', '148', '149']);
});
