export { brand } from './brand.js';
export {
  AmbiguousWriteError,
  ClosedError,
  ContentionError,
  DeadlineError,
  InvalidInputError,
  type TriedMember,
} from './call-errors.js';
export { Code, codeName, toCode } from './code.js';
export type { ErrorReason } from './error-reason.js';
export { escapeControls } from './escape-controls.js';
export {
  describeThrown,
  EtcdError,
  type EtcdErrorFields,
  markMaybeApplied,
  markNotApplied,
  toEtcdError,
} from './etcd-error.js';
export {
  errorFor,
  errorFromServer,
  isPersistent,
  isUnsupported,
  makeError,
  methodUnsupportedError,
  needsNewToken,
  wasDoneBefore,
} from './from-server.js';
export { lazyPattern } from './lazy-pattern.js';
export { historyLoss, mayRecover } from './recovery.js';
export { type RequestDescription, requestError, requestName } from './request-error.js';
export {
  type EtcdReason,
  invalidTokenText,
  knownTexts,
  type NamedServerText,
  type ServerText,
  serverTexts,
} from './server-texts.js';
export {
  CompactedError,
  LeaseNotFoundError,
  type ObservedStore,
  PermissionDeniedError,
  RolledBackError,
  StoreReplacedError,
  UnauthenticatedError,
} from './store-errors.js';
export {
  type CallEnd,
  detectNotEtcd,
  isGrpcContentType,
  noEtcdError,
  notEtcdError,
} from './transport/not-etcd.js';
export {
  describeConnectFailure,
  describeSessionError,
  isFromOtherServer,
  notHttp2Text,
} from './transport/not-http2.js';
export { TlsError } from './transport/tls-error.js';
export type { TlsReason } from './transport/tls-reason.js';
export { wasNeverSent } from './transport/transport-texts.js';
export { ValueDecodeError } from './value-decode-error.js';
export type { Verdict } from './verdict.js';
