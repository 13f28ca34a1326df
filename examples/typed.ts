// The same with types: what a topic holds is said once, and checked where it is written and where it is read.
//   node typed.ts        Node 22.18 or newer; before: npx tsx typed.ts
import { connect, type Deserializer, MillraceError, type Serializer } from '@millrace/client';

interface Reading {
  readonly sensor: string;
  readonly celsius: number;
}

// A serializer is a function to bytes, a deserializer one from bytes: a schema library fits in as well.
const toBytes: Serializer<Reading> = (reading) => new TextEncoder().encode(JSON.stringify(reading));
const toReading: Deserializer<Reading> = (bytes) => JSON.parse(new TextDecoder().decode(bytes ?? undefined));

const client = await connect(process.env['GATEWAY'] ?? '127.0.0.1:9080');
try {
  const readings = client.producer({ value: toBytes });
  await readings.send({ topic: 'readings', key: 'roof', value: { sensor: 'roof', celsius: 21.5 } });
  for await (const { value } of client.consumer({ topics: ['readings'], from: 'beginning', value: toReading })) {
    console.log(`${value.sensor}: ${value.celsius.toFixed(1)} °C`);
    break;
  }
} catch (error) {
  // Every error of the client has a code, says whether trying again may help, and what to do.
  if (error instanceof MillraceError) console.error(error.code, error.isRetriable, error.advice);
  throw error;
} finally {
  await client.close();
}
