import { type Browser, chromium } from 'playwright-core';
import { chromiumPath } from '../../ts/tools/stages/chromium.js';

/** Nothing that talks to the browser's maker, nothing that a machine without a screen lacks. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: flags });
}
