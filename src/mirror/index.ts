export { type FollowerClient, KeyFollower } from './key-follower.js';
export { MirrorImpl, type MirrorPorts } from './mirror.js';
export { freshnessOption, lastValuesOption, type MirrorOptions, retainOption } from './options.js';
export type { Mirror, MirrorStatus, MirrorUpdate, ResyncReason } from './types.js';
