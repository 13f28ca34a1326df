import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import { listConfigResources } from '../../../wire/kafka/schema/74-list-config-resources.js';
import { resourceType } from './config-entries.js';
import { type Exchange, row } from './row.js';

const known: ReadonlySet<number> = new Set(Object.values(resourceType));

/** Version 0 asks for clients' metrics, of which there are none. */
export const listConfigResourcesRow = row(listConfigResources, ({ verbs }, { resourceTypes }, answer, version) => {
  const wanted = version === 0 ? [resourceType.clientMetrics] : resourceTypes;
  if (wanted.some((type) => !known.has(type))) {
    return answer({ errorCode: kafkaErrors.UNSUPPORTED_VERSION.code, configResources: [] });
  }
  const all = resourcesOf(verbs);
  const configResources = wanted.length === 0 ? all : all.filter(({ resourceType }) => wanted.includes(resourceType));
  answer({ errorCode: 0, configResources });
});

function resourcesOf({ routing: { view } }: Exchange['verbs']) {
  const topics = [...view.topics()].map(({ name }) => ({ resourceName: name, resourceType: resourceType.topic as number }));
  return [...topics, { resourceName: String(view.nodeId), resourceType: resourceType.broker as number }];
}
