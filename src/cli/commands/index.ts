import type { Command } from '../command.js';
import { add } from './add.js';
import { createCompletion } from './completion.js';
import { doctor } from './doctor.js';
import { drain } from './drain.js';
import { elect } from './elect.js';
import { get } from './get.js';
import { lock } from './lock.js';
import { ls } from './ls.js';
import { register } from './register.js';
import { rm } from './rm.js';
import { ui } from './ui.js';
import { watch } from './watch.js';

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
  ...[ls, get, watch, add, rm, drain, register, lock, elect, doctor, ui],
  createCompletion(() => commands),
];
