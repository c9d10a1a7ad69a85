// npm run robustness: etcd's own validators judge what the clients of this library observe while etcd is broken.
import { GoMissingError } from '../interop/support/go-build.js';
import { campaignMain } from '../support/campaign-main.js';
import { runCampaign } from './campaign.js';
import { help, parseSettings } from './settings.js';

process.exitCode = await campaignMain({
  ...{ help, parse: parseSettings, run: runCampaign, interrupted: 'interrupted; no process is left' },
  explain(error) {
    if (!(error instanceof GoMissingError)) return undefined;
    console.log(`skipped: ${error.message}; the validators are written in Go`);
    return 2;
  },
});
