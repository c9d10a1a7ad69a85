export { canonicalHost, hostProblem, invisibleCharacterProblem } from './address/host.js';
export { type HostPort, type SplitProblem, splitHostPort } from './address/host-port.js';
export { isLoopback, isOwnHost, isWildcard } from './address/own-host.js';
export { isServerName, toAuthority, withoutRootDot } from './address/server-name.js';
export { type Convert, converted } from './convert.js';
export { parseGoDuration } from './go-duration.js';
export { checkInt64, minInt64 } from './int64.js';
export {
  type BytesJson,
  bytesToJson,
  collectionWithJson,
  inspectCustom,
  newResult,
  resultToJson,
  withJson,
} from './json/json.js';
export type { KeyState, KeyValue, LeaseId, Revision, WatchEvent } from './key-value.js';
export { type Bytes, compareBytes, notBytesError, toBuffer } from './keys/bytes.js';
export {
  checkKeyRange,
  contains,
  type KeyRange,
  keyAfter,
  ownRange,
  prefixEnd,
  toKeyRange,
  toWireRange,
  type WireRange,
} from './keys/key-range.js';
export { compareKeys, isKeyText, keyBytes, keyText, printable, sortByKey } from './keys/key-text.js';
export { namespaceKey, namespaceRange, stripPrefix } from './keys/namespace.js';
export { nextPageStart } from './keys/paging.js';
export {
  type AccessDescription,
  type AccessedRange,
  describeAccess,
} from './keys/range-description.js';
export { checkLeaseId, describeLease, formatLeaseId, parseLeaseId } from './lease-id.js';
export { hasLoneSurrogate, loneSurrogateText } from './lone-surrogate.js';
export { checkMemberId, formatMemberId, parseMemberId } from './member-id.js';
export {
  anything,
  boolean,
  type Check,
  type Checks,
  callback,
  checkSignalOnly,
  checkWait,
  closestName,
  type DurationBounds,
  duration,
  formatValue,
  InternalOption,
  int64,
  listOf,
  longestTimerMs,
  type NumberBounds,
  noOptions,
  number,
  type OptionsCheck,
  type OptionTexts,
  objectWithMethods,
  oneOf,
  optionsChecker,
  signal,
  text,
  timeout,
  ttl,
  waitChecks,
  wellFormedText,
  wholeNumber,
  wrongTypeError,
  wrongValueError,
} from './options/index.js';
export { checkNewPassword } from './password.js';
export { versionNumbers } from './server-version.js';
export { StoredKeyValue } from './stored-key-value.js';
