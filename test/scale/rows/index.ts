import type { ScaleRow } from '../row.js';
import { channelsRow } from './channels.js';
import { endpointsRow } from './endpoints.js';
import { processesRow } from './processes.js';
import { rolloutRow } from './rollout.js';
import { targetsRow } from './targets.js';

/** In the order of the table. */
export const rows: readonly ScaleRow[] = [targetsRow, channelsRow, endpointsRow, processesRow, rolloutRow];
