import { join } from 'node:path';
import * as pbjs from 'protobufjs-cli/pbjs.js';

// Numbers rather than Long objects: ts/wire/proto/messages.ts refuses those that a number does not hold exactly. What the product
// does not call is left out, as browsers load this file.
const options = [
  ...['--target', 'static-module', '--wrap', 'es6', '--es6', '--force-number', '--no-comments'],
  ...['--no-create', '--no-verify', '--no-convert', '--no-delimited', '--no-service', '--no-typeurl'],
];

// The default of a 64-bit field, where the library finds its Long. Ours are numbers, also when nothing was sent.
const longDefault = /\$util\.Long \? \$util\.Long\.fromBits\(0, ?0, ?true\) : 0/g;

// Which member of a oneof is there: the decoder says so, and the library would look for it among a message's keys, and delete all
// others one by one for each message.
const oneOf =
  /"(\w+)", \{\s*get: \$util\.oneOfGetter\(\$oneOfFields = \[[^\]]*\]\),\s*set: \$util\.oneOfSetter\(\$oneOfFields\)\s*\}/g;

function remembered(_: string, name: string): string {
  const own = `this.$${name}`;
  return `"${name}", {
                get: function () { return ${own}; },
                set: function (member) {
                    if (${own} !== $undefined && ${own} !== member)
                        delete this[${own}];
                    ${own} = member;
                }
            }`;
}

const oneOfFields = /\n *let \$oneOfFields;\n/g;

function polished(output: string): string {
  return output.replace(longDefault, '0').replace(oneOf, remembered).replace(oneOfFields, '');
}

/** Encoders and decoders of every message that `entry` reaches. */
export function protocolJavascript(folder: string, entry: string): Promise<string> {
  return new Promise((resolve, reject) => {
    pbjs.main([...options, '--path', folder, join(folder, entry)], (error, output) => {
      if (error !== null || output === undefined) reject(error ?? new Error('pbjs made nothing'));
      else resolve(`// Made by "npm run generate" from proto/millrace/v1.\n${polished(output)}`);
    });
  });
}
