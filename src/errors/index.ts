export { brand } from './brand.js';
export { Code, codeName, toCode } from './code.js';
export { escapeControls } from './escape-controls.js';
export {
  AmbiguousWriteError,
  ClosedError,
  CompactedError,
  DeadlineError,
  EtcdError,
  type EtcdErrorFields,
  InvalidInputError,
  LeaseNotFoundError,
  markMaybeApplied,
  notFinal,
  PermissionDeniedError,
  RolledBackError,
  StoreReplacedError,
  type StoreSighting,
  type TriedMember,
  textOf,
  toEtcdError,
  UnauthenticatedError,
} from './etcd-error.js';
export { errorFor, errorFromServer, isPersistent, needsToken } from './from-server.js';
export { type CallEnd, isGrpcType, noEtcdAmong, notEtcd, notEtcdError } from './not-etcd.js';
export { nameOf, type RequestDescription, requestError } from './request-error.js';
export {
  type ErrorReason,
  type EtcdReason,
  invalidTokenText,
  knownTexts,
  type NamedText,
  type ServerText,
  serverTexts,
} from './server-texts.js';
export { TlsError } from './tls-error.js';
export type { TlsReason } from './tls-reason.js';
export { wasNeverSent } from './transport-texts.js';
export type { Verdict } from './verdict.js';
