export { addressName, nameOfParsed } from './address-name.js';
export { addressProblem, checkAddress, formatAddress } from './address-problem.js';
export {
  type ParsedAddress,
  parseAddress,
  type SocketAddress,
  type TcpAddress,
} from './parse-address.js';
