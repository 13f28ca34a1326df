import type { ConfigChange } from '../../../model/ports.js';
import { failed, ok, type Result } from '../../../model/result.js';
import { listOf, storedKey } from '../../../model/topic-config.js';
import type { Decoded } from '../../../wire/kafka/field.js';
import { incrementalAlterConfigs } from '../../../wire/kafka/schema/44-incremental-alter-configs.js';
import { alterResources } from './alter-resource.js';
import { type Outcome, refused } from './refusal.js';
import { row } from './row.js';

type Config = Decoded<typeof incrementalAlterConfigs.request.fields>['resources'][number]['configs'][number];

const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const;
const operations: ReadonlySet<number> = new Set(Object.values(operation));

export const incrementalAlterConfigsRow = row(incrementalAlterConfigs, ({ verbs }, request, answer) => {
  const altered = alterResources(verbs, request, ({ configs }) => changeOf(configs));
  void altered.then((responses) => answer({ responses }));
});

function changeOf(configs: readonly Config[]): Result<ConfigChange, Outcome> {
  const unknown = configs.find(({ configOperation }) => !operations.has(configOperation));
  if (unknown !== undefined) return failed(refused('INVALID_REQUEST', `there is no operation ${unknown.configOperation}`));
  const empty = configs.find(({ configOperation, value }) => value === null && configOperation !== operation.delete);
  if (empty !== undefined) return failed(refused('INVALID_REQUEST', `${empty.name.slice(0, 250)} has no value`));
  const by = (wanted: number) => configs.filter(({ configOperation }) => configOperation === wanted);
  const lists = (wanted: number) => Object.fromEntries(by(wanted).map(({ name, value }) => [name, listOf(value ?? '')]));
  return ok({
    set: Object.fromEntries(by(operation.set).map(({ name, value }) => [name, value ?? ''])),
    // What has no such name is at its default already: mirrors take back what only older brokers know.
    reset: by(operation.delete).flatMap(({ name }) => (storedKey(name) === undefined ? [] : [name])),
    append: lists(operation.append),
    subtract: lists(operation.subtract),
  });
}
