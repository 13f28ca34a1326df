// Writes orders to a topic, a record each.
//   node produce.mjs [COUNT]
import { connect, json } from '@millrace/client';

const count = Number(process.argv[2] ?? 10);
const client = await connect(process.env['GATEWAY'] ?? '127.0.0.1:9080');
const producer = client.producer({ value: json.serialize });

// `write` does not wait for each record: they travel together. What it answers is a promise only when too much is under way.
for (let number = 1; number <= count; number++) {
  // Records with the same key go to the same partition, and stay in their order there.
  await producer.write({ topic: 'orders', key: `customer ${number % 3}`, value: { number, sum: number * 10 } });
}
await producer.flush();

// `send` waits for the acknowledgement, which says where the record is and what was promised: fsync is on stable media.
const { partition, offset, durability } = await producer.send({
  topic: 'orders',
  key: 'customer 0',
  value: { number: 0, sum: 0 },
});
console.log(`${count + 1} orders are acknowledged; the last is record ${offset} of partition ${partition} (${durability})`);
await client.close();
