import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../stages/spawn-stage.js';
import type { Mutant } from './table.js';

const sources = join(root, 'native', 'src');

/** Why the table does not fit the present sources: a row that finds nothing to break proves nothing. */
export function problemsOf(table: readonly Mutant[]): readonly string[] {
  const names = table.map(({ name }) => name);
  const doubles = names.filter((name, index) => names.indexOf(name) !== index);
  return [...doubles.map((name) => `two mutants are called "${name}"`), ...table.flatMap(problemsOfMutant)];
}

function problemsOfMutant({ name, file, find, replace, killedBy }: Mutant): readonly string[] {
  const path = join(sources, file);
  if (!existsSync(path)) return [`"${name}": native/src/${file} does not exist`];
  const count = readFileSync(path, 'utf8').split(find).length - 1;
  const problems = killedBy.filter((test) => !hasTest(test)).map((test) => `"${name}": no test ${test}`);
  if (count !== 1) problems.push(`"${name}": its text stands ${count} times in native/src/${file}, not once`);
  if (find === replace) problems.push(`"${name}" changes nothing`);
  if (killedBy.length === 0) problems.push(`"${name}": no test is named to kill it`);
  return problems;
}

/** A test's modules are the folders and files that hold it; "tests" may also be a module at the end of its file. */
function hasTest(test: string): boolean {
  const modules = test.split('::');
  const last = modules.pop();
  const inFiles = [modules, modules.slice(0, -1)].flatMap((path) => {
    const base = join(sources, ...path);
    return [`${base}.rs`, join(base, 'mod.rs')];
  });
  const functionOf = new RegExp(`\\bfn ${last}\\(`);
  return inFiles.some((path) => existsSync(path) && functionOf.test(readFileSync(path, 'utf8')));
}
