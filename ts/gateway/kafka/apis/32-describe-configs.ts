import { isInternalTopic } from '../../../model/internal-topics.js';
import { nameFault } from '../../../model/topic-name.js';
import type { Decoded } from '../../../wire/kafka/field.js';
import { describeConfigs } from '../../../wire/kafka/schema/32-describe-configs.js';
import { type ConfigEntry, nodeEntries, resourceType, topicEntries } from './config-entries.js';
import { distinct } from './distinct.js';
import { done, type Outcome, outcomeOf, refused } from './refusal.js';
import { type Exchange, row } from './row.js';

type Request = Decoded<typeof describeConfigs.request.fields>;
type Resource = Request['resources'][number];
type Found = Outcome & { readonly configs: readonly ConfigEntry[] };

export const describeConfigsRow = row(describeConfigs, ({ verbs }, request, answer) => {
  const keyOf = ({ resourceType, resourceName }: Resource) => `${resourceType} ${resourceName}`;
  const results = distinct(request.resources, keyOf).map((resource) => {
    const { configs, ...outcome } = found(verbs, resource);
    const { resourceType, resourceName } = resource;
    return { ...outcome, resourceType, resourceName, configs: shown(configs, resource, request) };
  });
  answer({ results });
});

/** No names, or none at all: all of them. */
function shown(configs: readonly ConfigEntry[], { configurationKeys }: Resource, request: Request): readonly ConfigEntry[] {
  const names = configurationKeys === null || configurationKeys.length === 0 ? undefined : new Set(configurationKeys);
  return configs
    .filter(({ name }) => names?.has(name) ?? true)
    .map((entry) => ({
      ...entry,
      synonyms: request.includeSynonyms ? entry.synonyms : [],
      documentation: request.includeDocumentation ? entry.documentation : null,
    }));
}

function found(verbs: Exchange['verbs'], { resourceType: type, resourceName, configurationKeys }: Resource): Found {
  switch (type) {
    case resourceType.topic:
      return topicConfigs(verbs, resourceName, configurationKeys ?? []);
    case resourceType.broker:
      return brokerConfigs(verbs, resourceName);
    case resourceType.brokerLogger:
      return { ...refused('INVALID_REQUEST', loggersAdvice), configs: [] };
    default:
      return { ...refused('INVALID_REQUEST', `resources of type ${type} have no configs here`), configs: [] };
  }
}

export const loggersAdvice = 'a node has one level of logging: millrace cluster log-level shows and changes it';

function topicConfigs({ routing }: Exchange['verbs'], name: string, asked: readonly string[]): Found {
  const configs = routing.view.configsOf(name);
  if (configs !== undefined) return { ...done, configs: topicEntries(configs, asked) };
  const fault = isInternalTopic(name) ? undefined : nameFault(name);
  return { ...outcomeOf({ error: fault === undefined ? 'unknown-topic' : 'invalid-topic' }), configs: [] };
}

/** No name: what holds for all brokers and was changed while they run, of which there is nothing. */
function brokerConfigs({ routing, node }: Exchange['verbs'], name: string): Found {
  if (name === '') return { ...done, configs: [] };
  const refusal = brokerRefusal(name, routing.view.nodeId);
  return refusal === undefined ? { ...done, configs: nodeEntries(node.settings) } : { ...refusal, configs: [] };
}

export function brokerRefusal(name: string, nodeId: number): Outcome | undefined {
  return name === String(nodeId) ? undefined : refused('INVALID_REQUEST', `this is broker ${nodeId}, not ${name}`);
}
