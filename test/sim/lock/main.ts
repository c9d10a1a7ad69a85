import { runCampaign } from '../campaign.js';
import { Coverage } from './coverage.js';
import { run } from './run.js';
import { schedule } from './schedule.js';

process.exitCode = runCampaign({
  script: 'sim:lock',
  tableTitle: 'contenders hit by each fault, by state',
  emptyTitle: 'never hit',
  coverage: new Coverage(),
  schedule,
  run,
  fullCoverageAfter: 10_000,
});
