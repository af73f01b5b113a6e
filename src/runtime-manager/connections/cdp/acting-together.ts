import type { Acting } from '../websocket/websocket-bridge.ts';

/** Joins several actors of one client until it goes: the first that takes a command has it. */
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
