import { runStages } from './stages/run-stages.js';
import { selectionFrom } from './stages/select.js';
import { allStages } from './stages/table.js';

process.exitCode = await runStages(allStages, selectionFrom(process.argv.slice(2)));
