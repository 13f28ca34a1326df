// Prints the orders that are there, then those that come, until Ctrl-C.
//   node consume.mjs
import { connect, json, text } from '@millrace/client';

const client = await connect(process.env['GATEWAY'] ?? '127.0.0.1:9080');

// Aborting ends the loop below, without an error.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const consumer = client.consumer({
  topics: ['orders'],
  // Or 'end' (what comes from now on), { offset }, { time }.
  from: 'beginning',
  key: text.deserialize,
  value: json.deserialize,
  signal: stop.signal,
  // Told in its place between the records, for instance when retention has removed what was to be read next.
  onEvent: (event) => console.error('event:', event),
});

// While this loop is busy, the server sends no more than the consumer's buffer holds.
for await (const { partition, offset, key, value } of consumer) {
  console.log(`${partition}/${offset} ${key}:`, value);
}
await client.close();
