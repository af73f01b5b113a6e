import { z } from 'zod';
import { isDecodable } from './database-url.ts';

/** No part has a character by which the next part would begin. */
const SERVER =
  /^(?:nats|tls):\/\/(?:[^@/?#:]+(?::[^@/?#]+)?@)?(?:\[[\da-f:.]+\]|[^@/?#:[\]]+)(?::\d{1,5})?\/?$/i;
const RULE =
  'is not of the form nats://user:password@host:4222 or tls://token@host:4222, or several of these separated by commas; percent-encode special characters in the password or the token (, is %2C, # is %23, / is %2F, @ is %40, : is %3A, ? is %3F, % is %25)';

/** The servers of a NATS, by their URLs. The message about any other text quotes no part of it. */
export const NatsServers = z
  .string()
  .transform((text) => text.split(',').map((url) => url.trim()))
  .refine((urls) => urls.every((url) => SERVER.test(url) && isDecodable(url)), RULE);
