export type { ElectionClient } from './election-client.js';
export { ElectionClientImpl, type ElectionPorts } from './election-client-impl.js';
export type { CampaignOptions, Leader, Term } from './types.js';
