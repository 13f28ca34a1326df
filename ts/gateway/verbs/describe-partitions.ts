import type { Failure, PartitionDescription } from '../../model/ports.js';
import type { Result } from '../../model/result.js';
import type { Served } from '../routing.js';

/** Under way at a time: whoever describes a whole node takes no other request's place. */
const underWayMax = 64;

/** Each of them, in their order. `done` is called once, maybe before this returns. */
export function describePartitions(
  wanted: readonly Served[],
  done: (results: readonly Result<PartitionDescription, Failure>[]) => void,
): void {
  const results = new Array<Result<PartitionDescription, Failure>>(wanted.length);
  let next = 0;
  let underWay = 1;
  let isAsking = false;
  const arrived = () => {
    underWay -= 1;
    if (underWay === 0 && next === wanted.length) done(results);
    else if (!isAsking) ask();
  };
  const ask = () => {
    isAsking = true;
    for (let each = wanted[next]; each !== undefined && underWay < underWayMax; each = wanted[next]) {
      const [index, { calls, route }] = [next, each];
      next += 1;
      underWay += 1;
      calls.call<PartitionDescription>(
        (port, answer) => port.describe(route.handle, answer),
        (result) => {
          results[index] = result;
          arrived();
        },
      );
    }
    isAsking = false;
  };
  ask();
  arrived();
}
