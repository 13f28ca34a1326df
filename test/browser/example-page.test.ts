import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { killAll, startNode } from '../node/process.mjs';
import { launch } from './chromium.js';

// examples/page, served by a web server that is not the node.

const page = new URL('../../examples/page/index.html', import.meta.url);
const server = createServer((_, reply) => reply.setHeader('content-type', 'text/html').end(readFileSync(page)));
const data = mkdtempSync(join(tmpdir(), 'millrace-page-'));
let browser: Browser;
let origin: string;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  killAll();
  server.close();
  rmSync(data, { recursive: true, force: true });
});

test('the page of the examples: two browsers talk, through a restart of the node; a node that does not allow it refuses', async () => {
  const options = ['--origins', `https://other.example,${origin}`];
  const node = await startNode(join(data, 'a'), options);
  const open = async () => {
    const opened = await (await browser.newContext()).newPage();
    await opened.goto(`${origin}/?gateway=${node.gateway}`);
    return opened;
  };
  const [ann, ben] = await Promise.all([open(), open()]);
  const say = async (from: typeof ann, words: string) => {
    await from.getByRole('textbox', { name: 'Message' }).fill(words);
    await from.getByRole('button', { name: 'Send' }).click();
    await from.getByRole('status').filter({ hasText: 'is stored (fsync)' }).waitFor();
  };
  const messages = (of: typeof ann) => of.getByRole('list', { name: 'Messages' }).getByRole('listitem');
  await ann.getByRole('status').filter({ hasText: 'connected' }).waitFor();
  await say(ann, 'hello');
  await expect.poll(() => messages(ben).allInnerTexts()).toEqual(['hello']);
  await node.kill('SIGKILL');
  await startNode(join(data, 'a'), [...options, '--gateway', node.gateway]);
  await say(ben, 'still here');
  for (const each of [ann, ben]) await expect.poll(() => messages(each).allInnerTexts()).toEqual(['hello', 'still here']);

  const strict = await startNode(join(data, 'b'));
  const refused = await (await browser.newContext()).newPage();
  const failed = refused.waitForEvent('requestfailed');
  await refused.goto(`${origin}/?gateway=${strict.gateway}`);
  expect((await failed).url()).toBe(`${strict.url}/sdk.js`);
});
