import { runStages } from './stages/run-stages.js';
import { selectionFrom } from './stages/select.js';
import { checkStages } from './stages/table.js';

process.exitCode = await runStages(checkStages, selectionFrom(process.argv.slice(2)));
