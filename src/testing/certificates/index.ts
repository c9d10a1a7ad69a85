export {
  CertificateAuthority,
  type CertificateOptions,
  type CertificatePair,
  selfSigned,
} from './authority.js';
