import { expect, test } from 'vitest';
import { isAtLeast, requireHost } from './requirements.mjs';

test.each([
  ['20.19.0', true],
  ['22.1.0', true],
  ['20.18.3', false],
  ['18.20.0', false],
  ['v20.19.0', true],
  ['', false],
])('%j reaches 20.19: %s', (text, expected) => {
  expect(isAtLeast(text, [20, 19])).toBe(expected);
});

test('another system and an old Node each get one line', () => {
  expect(() => requireHost({ platform: 'darwin', nodeVersion: '22.0.0' })).toThrow('Linux only');
  expect(() => requireHost({ platform: 'linux', nodeVersion: '18.0.0' })).toThrow('install Node 20.19');
  expect(() => requireHost({ platform: 'linux', nodeVersion: '20.19.0' })).not.toThrow();
});
