import { command } from '../campaign.js';
import { Coverage } from './coverage.js';
import { run } from './run.js';
import { schedule } from './schedule.js';

process.exitCode = command({
  command: 'sim:lease',
  tableTitle: 'kept leases met by each fault, by state',
  emptyTitle: 'no lease was ever',
  coverage: new Coverage(),
  schedule,
  run,
  enough: 10_000,
});
