export { clientForAuthority, registerAuthorities } from './authorities.js';
export { checkKey, checkService, keyPrefix } from './name.js';
export { parseTarget, resolveService, toTarget } from './parse-target.js';
export {
  checkAuthorityName,
  isAuthorityName,
  parseUri,
  serviceOf,
  splitTarget,
  type TargetUri,
  toUri,
} from './target-uri.js';
