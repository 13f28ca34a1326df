import { type Counter, type Gauge, type Page, PageWriter } from '../metrics/page.js';

/** The probe of a shard's coordinators, bound to its words. */
export class CoordinatorCounts {
  readonly groups: Gauge;
  readonly members: Gauge;
  readonly commits: Counter;
  readonly rebalances: Counter;
  readonly loads: Counter;
  readonly failures: Counter;
  readonly rewrites: Counter;

  constructor(page: Page) {
    const writer = new PageWriter(page);
    this.groups = writer.gauge('groups');
    this.members = writer.gauge('members');
    this.commits = writer.counter('commits');
    this.rebalances = writer.counter('rebalances');
    this.loads = writer.counter('loads');
    this.failures = writer.counter('failures');
    this.rewrites = writer.counter('rewrites');
  }
}
