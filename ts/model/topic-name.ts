import { isInternalTopic } from './internal-topics.js';

const nameMax = 249;

/** Why no client may create a topic of this name, by Kafka's rules; undefined: it may. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'a topic has a name';
  if (name === '.' || name === '..') return `no topic is called "${name}"`;
  if (name.length > nameMax) return `a topic’s name has at most ${nameMax} characters, not ${name.length}`;
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) return 'a topic’s name has letters, digits, ".", "_" and "-" only';
  // One that is merely like it would keep the cluster from making its own.
  if (isInternalTopic(name.replaceAll('.', '_'))) return `${name} belongs to the cluster itself`;
  return undefined;
}
