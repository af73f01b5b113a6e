import { expect, test } from 'vitest';
import { humanizerFor } from '../../../src/runtime-manager/humanize/humanizer.ts';
import { personaIdFor, personaOf } from '../../../src/runtime-manager/humanize/persona.ts';

const ephemeral = { id: 'r', profileId: undefined };
const ofProfile = { id: 'r', profileId: 'p' };

test('only whoever asks for it is humanized', () => {
  expect(humanizerFor(ephemeral, {}, 1)).toBeUndefined();
  expect(humanizerFor(ofProfile, { humanize: false }, 1)).toBeUndefined();
  expect(humanizerFor(ofProfile, { humanize: true }, 1)?.maxDelayMs).toBe(1);
});

test('the persona is the one that the customer named, or else that of the profile, or else that of the runtime', () => {
  const personaFor = (runtime: typeof ofProfile | typeof ephemeral, config: object) =>
    humanizerFor(runtime, { humanize: true, ...config }, 1)?.persona;
  expect(personaFor(ephemeral, { humanizePersonaId: 42 })).toEqual(personaOf(42));
  expect(personaFor(ofProfile, { humanizePersonaId: 42 })).toEqual(personaOf(42));
  expect(personaFor(ofProfile, {})).toEqual(personaOf(personaIdFor('p')));
  expect(personaFor(ephemeral, {})).toEqual(personaOf(personaIdFor('r')));
});

test('no two humanizers of one persona draw the same numbers', () => {
  const [one, other] = [1, 2].map(() => humanizerFor(ofProfile, { humanize: true }, 1));
  expect(one?.random()).not.toBe(other?.random());
});
