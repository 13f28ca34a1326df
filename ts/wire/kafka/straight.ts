import { assert } from '../../model/assert.js';
import { under } from './codec-error.js';
import type { Reader } from './reader.js';
import type { Wire } from './scalars.js';
import type { Writer } from './writer.js';

// The fields of a struct in one version as straight-line code, a function made when the first message of that version comes:
//
//    at = 0; const v0 = read0(reader);
//    at = 1; const v1 = read1(reader);
//    return { partition: v0, fetchOffset: v1, logStartOffset: absent2 };
//
// A loop over names would be shorter. But all structs would go through the same loop, so the engine would find every property by a
// search for its name and build every value property by property: with thousands of partitions in a request that is most of its cost.

export type Value = Readonly<Record<string, unknown>>;

export interface Step extends Wire {
  readonly name: string;
  readonly fallback: unknown;
}

/** All fields of `absent`: those that have no step are what they are there. */
export function straightRead(steps: readonly Step[], absent: Value): (reader: Reader) => Record<string, unknown> {
  const names = Object.keys(absent);
  const stepOf = new Map(steps.map(({ name }, index) => [name, index]));
  const constants = [
    ...steps.map((_, index) => `const read${index} = steps[${index}].read;`),
    ...names.map((name, index) => (stepOf.has(name) ? '' : `const absent${index} = absent.${identifier(name)};`)),
  ];
  const reads = steps.map((_, index) => `at = ${index}; const v${index} = read${index}(reader);`);
  const fields = names.map((name, index) => {
    const step = stepOf.get(name);
    return `${identifier(name)}: ${step === undefined ? `absent${index}` : `v${step}`}`;
  });
  return made(
    constants,
    `(reader) => { let at = 0; try { ${reads.join('\n')}\nreturn { ${fields.join(', ')} }; } catch (error) { ${rethrow} } }`,
    { steps, absent },
  );
}

export function straightWrite(steps: readonly Step[]): (writer: Writer, value: Value) => void {
  const constants = steps.map((_, index) => `const { write: write${index}, fallback: absent${index} } = steps[${index}];`);
  const writes = steps.map(({ name }, index) => {
    return `at = ${index}; const v${index} = value.${identifier(name)}; write${index}(writer, v${index} === undefined ? absent${index} : v${index});`;
  });
  return made(constants, `(writer, value) => { let at = 0; try { ${writes.join('\n')} } catch (error) { ${rethrow} } }`, {
    steps,
    absent: {},
  });
}

const rethrow = 'throw under(error, steps[at].name);';

interface Given {
  readonly steps: readonly Step[];
  readonly absent: Value;
}

/** Of the text nothing comes from outside this repository: names are those of its schemas. */
function made<T>(constants: readonly string[], code: string, { steps, absent }: Given): T {
  const make = new Function('steps', 'absent', 'under', `'use strict'; ${constants.join('\n')}\nreturn ${code};`);
  return make(steps, absent, under);
}

function identifier(name: string): string {
  assert(/^[a-z][A-Za-z0-9]*$/.test(name), () => `a field called "${name}"`);
  return name;
}
