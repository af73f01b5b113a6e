import { isatty } from 'node:tty';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { z } from 'zod';
import { spanIds } from '../../runtime-manager/tracing/tracing.ts';

const STDERR = 2;
/** The fields by which errors of the database tell the values they are about. */
const OF_CUSTOMERS = new Set(['args', 'detail', 'parameters', 'params', 'where']);

/** JSON lines on stderr, in readable form when that is a terminal. */
export function createLogger(level: string): Logger {
  const serializers = { err: withoutParameters };
  const options = {
    level,
    base: null,
    serializers,
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: spanIds,
  };
  if (isatty(STDERR)) {
    return pino(options, pretty({ destination: STDERR, sync: true, ignore: 'pid,hostname' }));
  }
  return pino(options, pino.destination({ dest: STDERR, sync: true }));
}

/** A failed query is logged without the values it was given: they are a customer's, or a secret. */
function withoutParameters(error: Error): object {
  const text = JSON.stringify(pino.stdSerializers.errWithCause(error), (key, value: unknown) => {
    if (OF_CUSTOMERS.has(key)) return undefined;
    return typeof value === 'string' ? value.replace(/\nparams: [^\n]*/g, '') : value;
  });
  return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
}
