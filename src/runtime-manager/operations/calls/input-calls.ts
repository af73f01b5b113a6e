import { z } from 'zod';
import type { Keyboard, Mouse, Touchscreen } from 'playwright-core';
import { key, number, text } from './arguments.ts';
import { callsOn } from './call.ts';
import { DELAY, MOUSE_BUTTON, POINTER_STEPS } from './option-fields.ts';

export const KEYBOARD_CALLS = callsOn<Keyboard>()({
  type: { args: [text], options: DELAY },
  insertText: { args: [text] },
  press: { args: [key], options: DELAY },
  down: { args: [key] },
  up: { args: [key] },
});

export const MOUSE_CALLS = callsOn<Mouse>()({
  click: { args: [number, number], options: { ...MOUSE_BUTTON, ...DELAY } },
  dblclick: { args: [number, number], options: { button: MOUSE_BUTTON.button, ...DELAY } },
  move: { args: [number, number], options: POINTER_STEPS },
  down: { options: MOUSE_BUTTON },
  up: { options: MOUSE_BUTTON },
  wheel: { args: [number, number] },
});

export const TOUCHSCREEN_CALLS = callsOn<Touchscreen>()({
  tap: { args: [z.number(), z.number()] },
});
