import { beforeEach } from 'vitest';
import { HAS_NATS } from './nats-server.ts';

beforeEach(({ skip }) => skip(!HAS_NATS, 'there is no nats-server on this machine'));
