export { clientOfAuthority, registerAuthorities } from './authorities.js';
export { checkKey, checkService, isDirect, keyPrefix } from './name.js';
export { parseTarget, serviceFor, targetOf } from './parse-target.js';
export {
  checkAuthorityName,
  isAuthorityName,
  readUri,
  serviceOf,
  splitTarget,
  type TargetUri,
  toUri,
} from './target-uri.js';
