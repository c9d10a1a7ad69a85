import { call } from './app/call.js';

console.log(await call(...process.argv.slice(2)));
