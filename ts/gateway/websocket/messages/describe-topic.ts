import { configSources } from '../../../wire/proto/enums.js';
import { describeTopic as describeTopicVerb } from '../../verbs/describe-topic.js';
import type { MessageOf } from './exchange.js';
import { wireTopic } from './topics.js';

export const describeTopic: MessageOf<'describeTopic'> = (exchange, requestId, { name }) => {
  const { routing, node } = exchange.verbs;
  describeTopicVerb(routing, name, (result) => {
    if (!result.ok) return exchange.fail(requestId, result.error);
    const usage = result.value.partitions.map(({ partition, logStart, highWatermark, size, segmentsCount }) => ({
      partition,
      logStartOffset: logStart,
      highWatermark,
      size,
      segments: segmentsCount,
    }));
    const configs = node.configsOf(name).map((config) => ({ ...config, source: configSources[config.source] }));
    const topic = wireTopic(result.value.topic, routing.view.nodeId);
    exchange.answer(requestId, { describeTopic: { topic, configs, usage } });
  });
};
