import type { Failure } from '../../model/errors.js';
import { isInternalTopic } from '../../model/internal-topics.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Image, TopicImage } from '../metadata/image.js';

/** For what clients may not do to the cluster's own topics: groups would be looked for elsewhere, or gone. */
export function clientTopicOfName(image: Image, name: string): Result<TopicImage, Failure> {
  return isInternalTopic(name)
    ? failed({ error: 'invalid-topic', message: `${name} belongs to the cluster itself` })
    : topicOfName(image, name);
}

export function topicOfName(image: Image, name: string): Result<TopicImage, Failure> {
  const topic = image.byName.get(name);
  return topic === undefined ? failed({ error: 'unknown-topic', message: `there is no topic ${name}` }) : ok(topic);
}
