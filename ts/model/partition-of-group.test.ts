import { expect, test } from 'vitest';
import { partitionOfGroup } from './partition-of-group.js';

// What Java makes of them, with the 50 partitions that Kafka gives the topic by default.
test.each([
  ['', 0],
  ['g', 3],
  ['console-consumer-12345', 6],
  ['polygenelubricants', 0],
  ['grüppe-€', 23],
  ['😀', 49],
  ['connect-cluster', 13],
])('the group "%s" lies in partition %i', (groupId, partition) => {
  expect(partitionOfGroup(groupId, 50)).toBe(partition);
});
