// Adds up all orders, each exactly once, however often it is stopped: the sum and the place in the log are kept together.
//   node resume.mjs [FILE]        Ctrl-C, or even kill -9, and again
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect, json } from '@millrace/client';

const [file = 'sum.json'] = process.argv.slice(2);
/** @type {{ sum: number, token?: string }} */
const state = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { sum: 0 };

const client = await connect(process.env['GATEWAY'] ?? '127.0.0.1:9080');
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

// With a token, reading goes on behind the record after which it was taken: on any node, in another process, on another day.
const consumer = client.consumer({
  topics: ['orders'],
  from: 'beginning',
  ...(state.token === undefined ? {} : { token: state.token }),
  value: json.deserialize,
  signal: stop.signal,
});

for await (const { value } of consumer) {
  state.sum += /** @type {{ sum: number }} */ (value).sum;
  state.token = consumer.token();
  // Result and place in one step: whoever stops in between finds both as they were before.
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
  console.log(state.sum);
}
await client.close();
