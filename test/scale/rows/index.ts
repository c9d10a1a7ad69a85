import type { ScaleRow } from '../row.js';
import { channelsRow } from './channels.js';
import { targetsRow } from './targets.js';

/** In the order of the table. */
export const rows: readonly ScaleRow[] = [targetsRow, channelsRow];
