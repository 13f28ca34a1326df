import { failed, ok } from '../../../model/result.js';
import { alterConfigs } from '../../../wire/kafka/schema/33-alter-configs.js';
import { alterResources } from './alter-resource.js';
import { refused } from './refusal.js';
import { row } from './row.js';

/** What it does not name goes back to its default. */
export const alterConfigsRow = row(alterConfigs, ({ verbs }, request, answer) => {
  const altered = alterResources(verbs, request, ({ configs }) => {
    const empty = configs.find(({ value }) => value === null);
    if (empty !== undefined) return failed(refused('INVALID_REQUEST', `${empty.name.slice(0, 250)} has no value`));
    return ok({
      set: Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])),
      reset: [],
      resetsOthers: true,
    });
  });
  void altered.then((responses) => answer({ responses }));
});
