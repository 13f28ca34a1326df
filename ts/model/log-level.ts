/** What is logged, from the least to the most. */
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

export type LogLevel = (typeof logLevels)[number];

export function isLogLevel(value: unknown): value is LogLevel {
  return logLevels.some((level) => level === value);
}

/** Whether at this level lines of the other one are logged. */
export function logsAt(level: LogLevel, line: LogLevel): boolean {
  return logLevels.indexOf(line) <= logLevels.indexOf(level);
}
