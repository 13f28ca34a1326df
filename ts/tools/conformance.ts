import { runStages } from './stages/run-stages.js';
import { selectionFrom } from './stages/select.js';
import { conformanceStages } from './stages/table.js';

process.exitCode = await runStages(conformanceStages, selectionFrom(process.argv.slice(2)));
