import { type Frame, frameTypes } from './frame.js';

/** WINDOW_UPDATE frames of the server that the client does not receive for now. */
export class WithheldFrames {
  #frames: Frame[] = [];
  #isWithholding = false;

  withhold(): void {
    this.#isWithholding = true;
  }

  /** Returns whether the frame is kept back. */
  take(one: Frame): boolean {
    if (!this.#isWithholding || one.type !== frameTypes.windowUpdate) return false;
    this.#frames.push(one);
    return true;
  }

  /** Ends withholding, and returns the frames in order. */
  release(): readonly Frame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#isWithholding = false;
    return frames;
  }
}
