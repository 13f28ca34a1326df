/** What happens inside, for tracing and metrics: names are stable, details may gain fields. Called synchronously. */
export interface Observed {
  readonly 'connection.dial': { readonly url: string };
  readonly 'connection.open': { readonly url: string; readonly nodeId: number; readonly clusterId: string };
  readonly 'connection.lost': { readonly url: string; readonly code: number; readonly reason: string };
  readonly 'request.end': { readonly body: string; readonly durationMs: number; readonly error?: string };
  readonly 'producer.batch': {
    readonly topic: string;
    readonly partition: number;
    readonly records: number;
    readonly size: number;
  };
  readonly 'producer.retry': { readonly topic: string; readonly partition: number; readonly reason: string };
  readonly 'producer.failed': {
    readonly topic: string;
    readonly partition: number;
    readonly records: number;
    readonly code: string;
  };
  readonly 'consumer.push': { readonly topic: string; readonly partition: number; readonly size: number };
  readonly 'consumer.subscribe': { readonly topic: string; readonly partitions: number };
}

export type Observer = <Name extends keyof Observed>(name: Name, detail: Observed[Name]) => void;
