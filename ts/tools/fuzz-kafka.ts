import { parseArgs } from 'node:util';
import { fuzz } from './fuzz/fuzzer.js';
import { kafkaRequests } from './fuzz/kafka-requests.js';

// What `npm run fuzz` runs for the decoders of the Kafka door: --seed S --seconds N. The last line is `N run, N failed`.

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, seconds: { type: 'string', default: '30' } } });
const endMs = performance.now() + Number(values.seconds) * 1000;
const isOver = () => performance.now() >= endMs;
const { run, behaviours, finding } = fuzz(kafkaRequests(), {
  seed: Number(values.seed),
  inputsMax: Number.MAX_SAFE_INTEGER,
  isOver,
});
console.log(`${behaviours} ways to behave`);
if (finding !== undefined) {
  const { input, reason } = finding;
  console.log(`${reason instanceof Error ? reason.stack : reason}`);
  console.log(`the frame, to be kept in test/golden/kafka/requests.jsonl: ${Buffer.from(input).toString('hex')}`);
}
console.log(`${run} run, ${finding === undefined ? 0 : 1} failed`);
process.exitCode = finding === undefined && run > 0 ? 0 : 1;
