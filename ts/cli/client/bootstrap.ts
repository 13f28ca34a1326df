import { type Address, parseAddress } from '../../model/quantities.js';
import type { OptionTable } from '../options.js';
import { UsageError } from '../usage-error.js';

export const defaultGateway = '127.0.0.1:9080';

/** What every command that talks to a node takes. */
export const clientOptions = {
  bootstrap: {
    kind: 'text',
    value: 'HOST:PORT',
    default: defaultGateway,
    help: 'the gateway of any node of the cluster',
  },
} as const satisfies OptionTable;

export const jsonOption = { json: { kind: 'flag', help: 'the same as JSON, for programs' } } as const satisfies OptionTable;

/** What every command takes that prints a table. */
export const tableOptions = {
  ...jsonOption,
  plain: { kind: 'flag', help: 'rows alone, a tab between two fields' },
} as const satisfies OptionTable;

/** Both at once would be neither. */
export function checkTableOptions({ json, plain }: { readonly json: boolean; readonly plain: boolean }): void {
  if (json && plain) throw new UsageError('--json and --plain: only one of them');
}

export function parseBootstrap(text: string): Address {
  const address = parseAddress(text.replace(/^(https?|wss?):\/\//, '').replace(/\/$/, ''));
  if (address === undefined || address.port === 0) {
    throw new UsageError(`--bootstrap wants HOST:PORT such as ${defaultGateway}, not "${text}"`);
  }
  return address;
}
