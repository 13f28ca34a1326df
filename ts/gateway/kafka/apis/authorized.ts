// What a client may do, as bits by the numbers of Kafka's operations. Nobody is kept from anything here.

const operation = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const;

function all(...names: readonly (keyof typeof operation)[]): number {
  return names.reduce((bits, name) => bits | (1 << operation[name]), 0);
}

export const onTopic = all('read', 'write', 'create', 'delete', 'alter', 'describe', 'describeConfigs', 'alterConfigs');

export const onCluster = all(
  'create',
  'alter',
  'describe',
  'clusterAction',
  'describeConfigs',
  'alterConfigs',
  'idempotentWrite',
);
