export {
  MirrorImpl,
  type MirrorPorts,
  type MirrorStatus,
  type MirrorUpdate,
  type ResyncReason,
} from './mirror.js';
export type { MirrorOptions } from './options.js';
export type { Mirror } from './types.js';
