/** For the command alone: not an entry of the package, so that users cannot depend on it. */
export { escapeControls } from './errors/index.js';
export { isOwnHost, isWildcard } from './model/index.js';
export {
  addressId,
  addressProblem,
  type ParsedAddress,
  parseAddress,
  parseTarget,
} from './naming/index.js';
