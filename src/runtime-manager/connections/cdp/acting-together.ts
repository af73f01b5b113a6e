import type { Acting } from '../websocket/websocket-bridge.ts';

/** Several who act for one client, until it goes: each command is the first one's that takes it. */
export function actingTogether(actors: readonly Acting[], closed: () => void): Acting {
  const answeredBy = (start: Buffer) => actors.find((one) => one.isAnswer(start));
  return {
    answerStartBytes: Math.max(...actors.map(({ answerStartBytes }) => answerStartBytes)),
    take: (payload) => actors.some((one) => one.take(payload)),
    isAnswer: (start) => answeredBy(start) !== undefined,
    answer: (payload) => answeredBy(payload)?.answer(payload),
    get isFull() {
      return actors.some(({ isFull }) => isFull);
    },
    close: () => {
      for (const one of actors) one.close();
      closed();
    },
  };
}
