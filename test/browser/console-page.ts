import type { Browser, Locator, Page } from 'playwright-core';

/** What is served, and what went wrong in it: a test ends with looking at that. */
export interface Opened {
  readonly page: Page;
  /** Exceptions, and what the content policy refused. */
  readonly problems: readonly string[];
  /** Hosts that anything was asked of. */
  readonly hosts: ReadonlySet<string>;
}

export async function openConsole(browser: Browser, url: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const problems: string[] = [];
  const hosts = new Set<string>();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|Uncaught/.test(message.text())) problems.push(message.text());
  });
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
  await page.goto(url);
  await connected(page).waitFor();
  return { page, problems, hosts };
}

export function connected(page: Page): Locator {
  return page.getByRole('status', { name: 'Connection' }).filter({ hasText: 'Connected' });
}

export async function createTopic(page: Page, name: string, partitions = 1): Promise<void> {
  await page.getByRole('link', { name: 'Topics', exact: true }).click();
  await page.getByRole('button', { name: 'Create topic' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Create topic' });
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('Partitions').fill(String(partitions));
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
}

/** The tail is at the end: what is produced from now on comes. */
export function live(page: Page): Promise<void> {
  return page.getByRole('status', { name: 'Reading' }).filter({ hasText: 'Live' }).waitFor();
}

export function records(page: Page): Locator {
  return page.getByRole('grid', { name: 'Records' });
}

/** Rows on the screen whose cells hold this text. */
export function rowOf(page: Page, text: string): Locator {
  return records(page).getByRole('row').filter({ hasText: text });
}

export async function produce(
  page: Page,
  value: string,
  key = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  await page.getByRole('button', { name: 'Produce record' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Produce record' });
  await dialog.getByRole('textbox', { name: 'Key', exact: true }).fill(key);
  await dialog.getByRole('textbox', { name: 'Value', exact: true }).fill(value);
  for (const [index, [name, text]] of Object.entries(headers).entries()) {
    await dialog.getByRole('button', { name: 'Add header' }).click();
    await dialog.getByRole('textbox', { name: `Name of header ${index + 1}` }).fill(name);
    await dialog.getByRole('textbox', { name: `Value of header ${index + 1}` }).fill(text);
  }
  await dialog.getByRole('button', { name: 'Send' }).click();
  await dialog.getByRole('status').filter({ hasText: 'Stored in partition' }).waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
}

export async function jumpTo(page: Page, kind: 'End (live)' | 'Beginning' | 'Offset' | 'Time', text?: string): Promise<void> {
  const form = page.getByRole('form', { name: 'Jump' });
  await form.getByLabel('Jump to').selectOption(kind);
  if (text !== undefined) await form.getByRole('textbox', { name: kind }).fill(text);
  await form.getByRole('button', { name: 'Go' }).click();
}

/** "Shown 12 of 3,400 received", in numbers. */
export async function shownCounts(page: Page): Promise<{ readonly shown: number; readonly received: number }> {
  const text = (await page.getByText(/^Shown [\d,]+ of /).textContent()) ?? '';
  const numbers = [...text.matchAll(/[\d,]+/g)].map(([digits]) => Number(digits.replaceAll(',', '')));
  return { shown: numbers[0] ?? 0, received: numbers.at(-1) ?? 0 };
}

/** Of the records on the screen. */
export async function offsetsOf(page: Page): Promise<readonly string[]> {
  const cells = await records(page).getByRole('gridcell').allInnerTexts();
  return cells.filter((_, index) => index % 5 === 2);
}
