// Prints what was written since a point in time, and ends where the log ends now.
//   node replay.mjs 2026-01-31T08:00:00Z
//   node replay.mjs 15        the last 15 minutes
import { connect, text } from '@millrace/client';

const [given = '15'] = process.argv.slice(2);
const since = /^\d+$/.test(given) ? new Date(Date.now() - Number(given) * 60_000) : new Date(given);
const client = await connect(process.env['GATEWAY'] ?? '127.0.0.1:9080');

// Offsets are per partition: from the first record of that time or later, up to what is there now.
const first = await client.admin.listOffsets('orders', { time: since });
const ends = await client.admin.listOffsets('orders', 'end');
const left = new Map(ends.map(({ partition, offset }) => [partition, offset]));
for (const { partition, offset } of first) if (offset >= (left.get(partition) ?? 0)) left.delete(partition);

const topics = [{ topic: 'orders', partitions: first.map(({ partition, offset }) => ({ partition, from: { offset } })) }];
const consumer = client.consumer({ topics, key: text.deserialize, value: text.deserialize });
if (left.size > 0) {
  for await (const { partition, offset, timestamp, key, value } of consumer) {
    console.log(new Date(timestamp).toISOString(), key, value);
    if (offset + 1 >= (left.get(partition) ?? 0)) left.delete(partition);
    if (left.size === 0) break;
  }
}
await client.close();
