import type { TopicId } from '../../../model/ids.js';
import type { Decoded } from '../../../wire/kafka/field.js';
import { noTopicId } from '../../../wire/kafka/field.js';
import { deleteTopics } from '../../../wire/kafka/schema/20-delete-topics.js';
import { distinct } from './distinct.js';
import { done, type Outcome, outcomeOf, refused, repeated } from './refusal.js';
import { type Exchange, row } from './row.js';

interface Wanted {
  readonly name: string | null;
  readonly topicId: TopicId;
}

export const deleteTopicsRow = row(deleteTopics, ({ verbs }, request, answer) => {
  const wanted = wantedIn(request);
  const twice = repeated(wanted.map(keyOf));
  const deleted = distinct(wanted, keyOf).map(async (each) => {
    const { routing } = verbs;
    const named = each.name ?? routing.view.topicById(each.topicId)?.name ?? null;
    const topicId = each.name === null ? each.topicId : (routing.topic(each.name)?.topicId ?? noTopicId);
    const outcome = twice.has(keyOf(each))
      ? refused('INVALID_REQUEST', 'the request names this topic twice')
      : await deleteOne(verbs, each, named);
    return { name: named, topicId, ...outcome };
  });
  void Promise.all(deleted).then((responses) => answer({ responses }));
});

/** Names in older versions, names or ids in the last. */
function wantedIn({ topics, topicNames }: Decoded<typeof deleteTopics.request.fields>): readonly Wanted[] {
  return [...topicNames.map((name) => ({ name, topicId: noTopicId })), ...topics];
}

function keyOf({ name, topicId }: Wanted): string {
  return name === null ? `id ${topicId}` : `name ${name}`;
}

async function deleteOne({ commands }: Exchange['verbs'], { name, topicId }: Wanted, named: string | null): Promise<Outcome> {
  if (name !== null && topicId !== noTopicId) return refused('INVALID_REQUEST', 'a topic is named or has an id, not both');
  if (name === null && topicId === noTopicId) return refused('INVALID_REQUEST', 'neither name nor id of a topic');
  if (named === null) return outcomeOf({ error: 'stale-topic-id' });
  const result = await (name === null ? commands.deleteTopic(named, topicId) : commands.deleteTopic(named));
  return result.ok ? done : outcomeOf(result.error);
}
