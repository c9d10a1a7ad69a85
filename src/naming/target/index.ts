export { clientForAuthority as clientOfAuthority, registerAuthorities } from './authorities.js';
export { checkKey, checkService, isDirectChild as isDirect, keyPrefix } from './name.js';
export { parseTarget, resolveService as serviceFor, toTarget as targetOf } from './parse-target.js';
export {
  checkAuthorityName,
  isAuthorityName,
  parseUri as readUri,
  serviceOf,
  splitTarget,
  type TargetUri,
  toUri,
} from './target-uri.js';
