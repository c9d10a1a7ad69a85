export {
  Mirror,
  type MirrorPorts,
  type MirrorStatus,
  type MirrorUpdate,
  type ResyncReason,
} from './mirror.js';
export type { MirrorOptions } from './options.js';
