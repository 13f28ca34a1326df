import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOf, routeOf, tabs } from './route.js';
import { actionOf, shortcuts } from './shortcuts.js';

test('addresses name places', () => {
  expect(routeOf('')).toEqual({ view: 'topics' });
  expect(routeOf('#/')).toEqual({ view: 'topics' });
  expect(routeOf('#/topics')).toEqual({ view: 'topics' });
  expect(routeOf('#/node')).toEqual({ view: 'node' });
  expect(routeOf('#/topics/a%2Fb')).toEqual({ view: 'topic', topic: 'a/b', tab: 'records' });
  for (const wrong of ['#/x', '#/topics/a/b', '#/topics/a/records/x', '#/topics/%zz', '#/node/x']) {
    expect(routeOf(wrong)).toEqual({ view: 'nowhere' });
  }
});

test('every topic has an address that leads back to it', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom(...tabs), (topic, tab) => {
      expect(routeOf(hashOf({ view: 'topic', topic, tab }))).toEqual({ view: 'topic', topic, tab });
    }),
  );
});

const records = { view: 'topic', topic: 'a', tab: 'records' } as const;
const press = (key: string, more = {}) => ({ key, hasModifier: false, isTaken: false, ...more });

test('a key does what the list says, where it says', () => {
  expect(actionOf(press(' '), records)).toBe('pause');
  expect(actionOf(press(' '), { ...records, tab: 'settings' })).toBeUndefined();
  expect(actionOf(press('c'), { view: 'topics' })).toBe('create');
  expect(actionOf(press('c'), records)).toBeUndefined();
  expect(actionOf(press('?'), { view: 'node' })).toBe('shortcuts');
});

test('text and the keys of the browser are left alone', () => {
  expect(actionOf(press('t', { isTaken: true }), records)).toBeUndefined();
  expect(actionOf(press('t', { hasModifier: true }), records)).toBeUndefined();
});

test('no key has two meanings', () => {
  const keys = shortcuts.flatMap((shortcut) => shortcut.keys);
  expect(new Set(keys).size).toBe(keys.length);
});
