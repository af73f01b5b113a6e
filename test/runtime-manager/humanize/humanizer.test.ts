import { expect, test } from 'vitest';
import { humanizerFor } from '../../../src/runtime-manager/humanize/humanizer.ts';
import { personaIdFor, personaOf } from '../../../src/runtime-manager/humanize/persona.ts';

const ephemeral = (config: object) => ({
  id: 'r',
  profileId: undefined,
  launch: { mode: 'ephemeral', config } as const,
});
const ofProfile = {
  id: 'r',
  profileId: 'p',
  launch: { mode: 'profile', profileId: 'p' } as const,
};

test('only who asks for it is humanized, in either mode', () => {
  expect(humanizerFor(ephemeral({}), undefined, 1)).toBeUndefined();
  expect(humanizerFor(ephemeral({ humanize: false }), undefined, 1)).toBeUndefined();
  expect(humanizerFor(ofProfile, {}, 1)).toBeUndefined();
  expect(humanizerFor(ofProfile, { humanize: true }, 1)?.maxDelayMs).toBe(1);
});

test('the persona is the one that was named, or that of the profile, or of the runtime', () => {
  const personaFor = (
    ...[runtime, config]: [typeof ofProfile | ReturnType<typeof ephemeral>, object?]
  ) => humanizerFor(runtime, config, 1)?.persona;
  const named = { humanize: true, humanizePersonaId: 42 };
  expect(personaFor(ephemeral(named))).toEqual(personaOf(42));
  expect(personaFor(ofProfile, named)).toEqual(personaOf(42));
  expect(personaFor(ofProfile, { humanize: true })).toEqual(personaOf(personaIdFor('p')));
  expect(personaFor(ephemeral({ humanize: true }))).toEqual(personaOf(personaIdFor('r')));
});

test('no two of one persona draw alike', () => {
  const [one, other] = [1, 2].map(() => humanizerFor(ofProfile, { humanize: true }, 1));
  expect(one?.random()).not.toBe(other?.random());
});
