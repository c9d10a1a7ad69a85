import { command } from '../campaign.js';
import { Coverage } from './coverage.js';
import { run } from './run.js';
import { schedule } from './schedule.js';

process.exitCode = command({
  command: 'sim:register',
  tableTitle: 'registrations met by each fault, by state',
  emptyTitle: 'no registration was ever met by',
  coverage: new Coverage(),
  schedule,
  run,
  enough: 10_000,
});
