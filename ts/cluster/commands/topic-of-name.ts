import type { Failure } from '../../model/errors.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Image, TopicImage } from '../metadata/image.js';

export function topicOfName(image: Image, name: string): Result<TopicImage, Failure> {
  const topic = image.byName.get(name);
  return topic === undefined ? failed({ error: 'unknown-topic', message: `there is no topic ${name}` }) : ok(topic);
}
