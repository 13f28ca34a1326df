import { describeCluster } from '../../../wire/kafka/schema/60-describe-cluster.js';
import { onCluster } from './authorized.js';
import { done, refused } from './refusal.js';
import { row } from './row.js';

/** What may be asked for. */
const endpoint = { brokers: 1, controllers: 2 } as const;

export const describeClusterRow = row(describeCluster, ({ verbs, advertised }, request, answer) => {
  const { clusterId, nodeId: brokerId } = verbs.routing.view;
  const { endpointType } = request;
  if (endpointType === endpoint.brokers) {
    answer({
      ...done,
      clusterId,
      controllerId: brokerId,
      brokers: [{ brokerId, ...advertised }],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? onCluster : undefined,
    });
    return;
  }
  const refusal =
    endpointType === endpoint.controllers
      ? refused('MISMATCHED_ENDPOINT_TYPE', 'this is the endpoint of a broker, not of a controller')
      : refused('UNSUPPORTED_ENDPOINT_TYPE', `there are no endpoints of type ${endpointType}`);
  answer({ ...refusal, clusterId, brokers: [] });
});
