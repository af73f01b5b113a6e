import { isatty } from 'node:tty';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

const STDERR = 2;

/** JSON lines on stderr, in readable form when that is a terminal. */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (isatty(STDERR)) {
    return pino(options, pretty({ destination: STDERR, sync: true, ignore: 'pid,hostname' }));
  }
  return pino(options, pino.destination({ dest: STDERR, sync: true }));
}
