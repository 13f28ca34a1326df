import type { ConfigChange } from '../../../model/ports.js';
import type { Result } from '../../../model/result.js';
import { brokerRefusal, loggersAdvice } from './32-describe-configs.js';
import { resourceType } from './config-entries.js';
import { done, type Outcome, outcomeOf, refused, repeated } from './refusal.js';
import type { Exchange } from './row.js';

export interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly { readonly name: string }[];
}

/** Resources one by one, each with what became of it. Both ways to change configs differ in nothing but what a change is. */
export async function alterResources<R extends Resource>(
  verbs: Exchange['verbs'],
  { resources, validateOnly }: { readonly resources: readonly R[]; readonly validateOnly: boolean },
  changeOf: (resource: R) => Result<ConfigChange, Outcome>,
) {
  const keyOf = ({ resourceType, resourceName }: R) => `${resourceType} ${resourceName}`;
  const twice = repeated(resources.map(keyOf));
  return Promise.all(
    resources.map(async (resource) => {
      const { resourceType, resourceName } = resource;
      const outcome = twice.has(keyOf(resource))
        ? refused('INVALID_REQUEST', 'the request names this resource twice')
        : await alter(verbs, resource, changeOf, validateOnly);
      return { ...outcome, resourceType, resourceName };
    }),
  );
}

async function alter<R extends Resource>(
  verbs: Exchange['verbs'],
  resource: R,
  changeOf: (resource: R) => Result<ConfigChange, Outcome>,
  validateOnly: boolean,
): Promise<Outcome> {
  const refusal = refusalOf(verbs, resource);
  if (refusal !== undefined) return refusal;
  const change = changeOf(resource);
  if (!change.ok) return change.error;
  const result = await verbs.commands.alterTopic(resource.resourceName, change.value, validateOnly);
  return result.ok ? done : outcomeOf(result.error);
}

/** Configs of topics can be changed, others cannot. */
function refusalOf({ routing }: Exchange['verbs'], { resourceType: type, resourceName, configs }: Resource): Outcome | undefined {
  const [twice] = repeated(configs.map(({ name }) => name));
  if (twice !== undefined) return refused('INVALID_REQUEST', `${twice.slice(0, 250)} stands there twice`);
  switch (type) {
    case resourceType.topic:
      return resourceName === '' ? refused('INVALID_REQUEST', 'a topic has a name') : undefined;
    case resourceType.broker:
      return (resourceName === '' ? undefined : brokerRefusal(resourceName, routing.view.nodeId)) ?? brokersAreFixed;
    case resourceType.brokerLogger:
      return refused('INVALID_REQUEST', loggersAdvice);
    default:
      return refused('INVALID_REQUEST', `resources of type ${type} have no configs here`);
  }
}

const brokersAreFixed = refused(
  'INVALID_REQUEST',
  'settings of a node are read when it starts: change millrace.config.json and start it again',
);
