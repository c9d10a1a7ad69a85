export {
  Mirror,
  type MirrorOptions,
  type MirrorPorts,
  type MirrorUpdate,
  type ResyncReason,
} from './mirror.js';
