import { kafkaScenarios } from './kafka-rows.js';
import { logScenarios } from './log-rows.js';
import { nodeScenarios } from './node-rows.js';
import type { Scenario } from './row.js';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [...logScenarios, ...nodeScenarios, ...kafkaScenarios];
