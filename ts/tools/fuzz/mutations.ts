/** A number from a seed, again and again: xorshift of 32 bits. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    // It stays at zero once it is there; near seeds begin far from each other.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  }

  /** From 0, below the bound. */
  below(bound: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return Math.floor(((state >>> 0) / 2 ** 32) * bound);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

/** Inputs do not grow beyond it. */
const sizeMax = 16 << 10;
const stepsMax = 4;

// Sizes and counts at the edges of what they can say: of two, four and eight bytes, and as varints.
const edges = [
  [0],
  [1],
  [0x7f],
  [0x80],
  [0xff],
  [0, 0],
  [0x7f, 0xff],
  [0x80, 0x01],
  [0xff, 0xff],
  [0, 0, 0, 1],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0, 0, 0, 0, 0],
].map((bytes) => Uint8Array.from(bytes));

type Step = (bytes: Uint8Array, chance: Chance, other: Uint8Array) => Uint8Array;

const steps: readonly Step[] = [flipped, flipped, overwritten, overwritten, inserted, removed, repeated, cut, crossed];

/** A few steps away from an input, maybe towards another one. */
export function mutated(bytes: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array {
  let result = bytes;
  for (let left = 1 + chance.below(stepsMax); left > 0; left--) result = chance.of(steps)(result, chance, other);
  return result.subarray(0, sizeMax);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Some of them, in a row. */
function stretch(bytes: Uint8Array, chance: Chance): readonly [from: number, to: number] {
  const from = chance.below(bytes.length + 1);
  return [from, from + chance.below(Math.min(bytes.length - from, 64) + 1)];
}

function flipped(bytes: Uint8Array, chance: Chance): Uint8Array {
  const result = bytes.slice();
  const at = chance.below(result.length);
  if (at < result.length) result[at] = (result[at] as number) ^ (1 << chance.below(8));
  return result;
}

function overwritten(bytes: Uint8Array, chance: Chance): Uint8Array {
  const edge = chance.of(edges);
  const at = chance.below(bytes.length + 1);
  return joined(bytes.subarray(0, at), edge, bytes.subarray(at + edge.length));
}

function inserted(bytes: Uint8Array, chance: Chance): Uint8Array {
  const at = chance.below(bytes.length + 1);
  return joined(bytes.subarray(0, at), chance.of(edges), bytes.subarray(at));
}

function removed(bytes: Uint8Array, chance: Chance): Uint8Array {
  const [from, to] = stretch(bytes, chance);
  return joined(bytes.subarray(0, from), bytes.subarray(to));
}

function repeated(bytes: Uint8Array, chance: Chance): Uint8Array {
  const [from, to] = stretch(bytes, chance);
  const copies = Array.from({ length: 1 + chance.below(20) }, () => bytes.subarray(from, to));
  return joined(bytes.subarray(0, to), ...copies, bytes.subarray(to));
}

function cut(bytes: Uint8Array, chance: Chance): Uint8Array {
  return bytes.slice(0, chance.below(bytes.length + 1));
}

function crossed(bytes: Uint8Array, chance: Chance, other: Uint8Array): Uint8Array {
  const [from, to] = stretch(other, chance);
  const at = chance.below(bytes.length + 1);
  return joined(bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(at + to - from));
}
