/** The middle one; of an even number the mean of the two in the middle. NaN of none, and where one of them is. */
export function median(values: readonly number[]): number {
  if (values.some(Number.isNaN)) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** Of a row of laps by one of their numbers. */
export function medianOf<Lap>(laps: readonly Lap[], number: (lap: Lap) => number): number {
  return median(laps.map(number));
}

/** The median of the ratios of neighbours: whatever else the machine did fell on both. */
export function medianRatio<Lap>(ours: readonly Lap[], theirs: readonly Lap[], number: (lap: Lap) => number): number {
  return median(ours.flatMap((lap, index) => (theirs[index] === undefined ? [] : [number(lap) / number(theirs[index])])));
}

/** Sides take turns lap by lap, and in coming first. */
export async function takeTurns<Side>(sides: readonly Side[], laps: number, lap: (side: Side) => Promise<void>): Promise<void> {
  for (let index = 0; index < laps; index++) {
    for (const side of index % 2 === 0 ? sides : sides.toReversed()) await lap(side);
  }
}
