import { createInterface } from 'node:readline';

/**
 * How test/conformance/driver.ts speaks to a program: a line of JSON comes, a name and what it needs, and a line goes.
 * @param {Readonly<Record<string, (args: any) => unknown>>} asks
 */
export async function answerAll(asks) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, args] = JSON.parse(line);
    const told = JSON.stringify(await answerOrError(asks, name, args), (_, value) =>
      typeof value === 'bigint' ? Number(value) : value,
    );
    process.stdout.write(`${told}\n`);
  }
  process.exit(0);
}

/** @param {Readonly<Record<string, (args: any) => unknown>>} asks @param {string} name @param {any} args */
async function answerOrError(asks, name, args) {
  try {
    const ask = asks[name];
    if (ask === undefined) throw new Error(`no ask ${name}`);
    return { answer: (await ask(args)) ?? null };
  } catch (error) {
    return { error: told(error) };
  }
}

/** Clients wrap what a broker said. @param {any} error @returns {string} */
function told(error) {
  const inner = [...(error?.errors ?? []), ...(error?.cause === undefined ? [] : [error.cause])].map(told);
  return [`${error?.type ?? error?.apiId ?? error?.code ?? ''} ${error?.message ?? error}`, ...inner].join(' / ');
}

/** Numbers as values, some at a time, until it is told to end. */
export class Numbers {
  /** @type {[number, number][]} */
  acks = [];
  #isEnding = false;
  #ended;

  /** @param {(values: string[]) => Promise<number>} send resolves with the offset of the first */
  constructor(send) {
    this.#ended = this.#produce(send);
    // Told by `end`.
    this.#ended.catch(() => undefined);
  }

  /** @param {(values: string[]) => Promise<number>} send */
  async #produce(send) {
    for (let number = 0; !this.#isEnding; number += 5) {
      const numbers = [0, 1, 2, 3, 4].map((more) => number + more);
      const base = await send(numbers.map(String));
      for (const [index, each] of numbers.entries()) this.acks.push([each, base + index]);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async end() {
    this.#isEnding = true;
    await this.#ended;
    return this.acks;
  }
}
