// A server on every loopback address.
import { serveOnEveryAddress } from '../support.mjs';
import { echoMethod } from './channel.mjs';

serveOnEveryAddress(echoMethod);
