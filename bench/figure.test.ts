import { expect, test } from 'vitest';
import { parseFigure } from './figure.js';

test('texts and numbers of a line', () => {
  const line = '{"scenario":"s","case":"16","spinners":"on","ack":"stable media","wall_ratio":1.5,"bare_s":null}';
  const numbers = { wall_ratio: 1.5 };
  expect(parseFigure(line)).toEqual({ scenario: 's', case: '16', spinners: 'on', texts: { ack: 'stable media' }, numbers });
});

test('without the word, spinners do not matter to it', () => {
  expect(parseFigure('{"scenario":"s","case":"c"}')).toMatchObject({ spinners: 'none' });
});

test('anything else is a complaint', () => {
  const lines = [
    'thread panicked',
    '',
    '[]',
    '3',
    '{"case":"c"}',
    '{"scenario":"s","case":"c","spinners":"maybe"}',
    '{"scenario":',
  ];
  for (const line of lines) expect(parseFigure(line)).toBeTypeOf('string');
});
