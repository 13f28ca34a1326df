const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const none = '–';

/** 1,234,567. */
export function count(value: number): string {
  return Number.isFinite(value) ? whole.format(value) : none;
}

/** Three digits and what they are multiplied with: 0, 1.5, 999, 12.3 k, 4.56 M. */
export function short(value: number): string {
  return scaled(value, 1000, ['', ' k', ' M', ' G', ' T', ' P']);
}

/** 0 B, 1.5 KiB, 64 MiB. */
export function size(value: number): string {
  return scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB']);
}

export function recordRate(perSecond: number | undefined): string {
  return perSecond === undefined ? none : `${short(perSecond)}/s`;
}

export function sizeRate(perSecond: number | undefined): string {
  return perSecond === undefined ? none : `${size(perSecond)}/s`;
}

/** Of seconds: 250 µs, 1.5 ms, 2.3 s. */
export function latency(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return none;
  if (seconds === 0) return '0';
  if (seconds < 1e-3) return `${threeDigits(seconds * 1e6)} µs`;
  return seconds < 1 ? `${threeDigits(seconds * 1e3)} ms` : `${threeDigits(seconds)} s`;
}

function scaled(value: number, base: number, units: readonly string[]): string {
  if (!Number.isFinite(value)) return none;
  let rest = Math.max(0, value);
  let unit = 0;
  // What would be shown as 1000 of one unit is 1 of the next.
  while (rest >= base - 0.5 && unit < units.length - 1) {
    rest /= base;
    unit++;
  }
  return `${threeDigits(rest)}${units[unit] ?? ''}`;
}

function threeDigits(value: number): string {
  if (value >= 99.95 || Number.isInteger(value)) return String(Math.round(value));
  const digits = value >= 9.995 ? 1 : 2;
  return value.toFixed(digits).replace(/\.?0+$/, '');
}
