import { median } from '../statistics.js';

/** What a node had at one moment of a soak. */
export interface Sample {
  readonly seconds: number;
  readonly residentMib: number;
  readonly descriptors: number;
}

export interface Flatness {
  readonly isFlat: boolean;
  /** One for each thing that was looked at. */
  readonly findings: readonly string[];
}

/** The beginning fills rings, caches and the heap: it says nothing about what comes after. */
const warmUpShare = 0.25;
const growthShareMax = 0.1;
const growthMibMax = 8;
const descriptorsGrowthMax = 16;
const samplesMin = 8;

/**
 * The rule: behind the first quarter, memory rises by a line through all samples (least squares) by no more than a tenth of its
 * median or 8 MiB, whichever is more; and no descriptor count of the last quarter is above the most of the second by more than 16.
 */
export function flatnessOf(samples: readonly Sample[]): Flatness {
  const settled = samples.slice(Math.floor(samples.length * warmUpShare));
  if (settled.length < samplesMin) return { isFlat: false, findings: [`${settled.length} samples tell nothing`] };
  const resident = median(settled.map(({ residentMib }) => residentMib));
  const growth = growthOf(settled);
  const allowed = Math.max(growthMibMax, resident * growthShareMax);
  const isMemoryFlat = growth <= allowed;
  const quarter = Math.floor(samples.length / 4);
  const mostIn = (some: readonly Sample[]) => Math.max(...some.map(({ descriptors }) => descriptors));
  const [second, last] = [mostIn(samples.slice(quarter, quarter * 2)), mostIn(samples.slice(-quarter))];
  const areDescriptorsFlat = last - second <= descriptorsGrowthMax;
  return {
    isFlat: isMemoryFlat && areDescriptorsFlat,
    findings: [
      `memory ${isMemoryFlat ? 'is flat' : 'GROWS'}: ${resident.toFixed(0)} MiB, ${growth.toFixed(1)} more by its slope, ${allowed.toFixed(1)} allowed`,
      `descriptors ${areDescriptorsFlat ? 'are flat' : 'GROW'}: at most ${second} in the second quarter, ${last} in the last`,
    ],
  };
}

/** What a line through the samples rises by, from the first to the last. */
function growthOf(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [seconds, mib] = [samples.map((sample) => sample.seconds), samples.map(({ residentMib }) => residentMib)];
  const [meanSeconds, meanMib] = [mean(seconds), mean(mib)];
  const covariance = mean(samples.map((sample) => (sample.seconds - meanSeconds) * (sample.residentMib - meanMib)));
  const variance = mean(seconds.map((second) => (second - meanSeconds) ** 2));
  return variance === 0 ? 0 : (covariance / variance) * (Math.max(...seconds) - Math.min(...seconds));
}
