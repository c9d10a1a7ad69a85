export {
  Mirror,
  type MirrorOptions,
  type MirrorPorts,
  type MirrorStatus,
  type MirrorUpdate,
  type ResyncReason,
} from './mirror.js';
