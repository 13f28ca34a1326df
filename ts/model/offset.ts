import { assert } from './assert.js';

/** A record's number in its partition. A number, since no log of ours ever grows beyond what one holds exactly. */
export type Offset = number & { readonly brand: 'offset' };

export const offsetMax = Number.MAX_SAFE_INTEGER as Offset;

export function isOffset(value: number): value is Offset {
  return Number.isSafeInteger(value) && value >= 0;
}

/** For numbers of our own. What came from outside is asked with `isOffset` first. */
export function offset(value: number): Offset {
  assert(isOffset(value), () => `${value} is no offset`);
  return value;
}
