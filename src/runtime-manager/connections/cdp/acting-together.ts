import type { Acting } from '../websocket/websocket-bridge.ts';

/**
 * Joins several actors of one client until it goes. The first that takes a command has it; an answer
 * or event is seen by all that know it, until one keeps it.
 */
export function actingTogether(actors: readonly Acting[], closed: () => void): Acting {
  const startBytes = Math.max(...actors.map(({ answerStartBytes }) => answerStartBytes));
  const answered = (payload: Buffer) => {
    const start = payload.subarray(0, startBytes);
    const knowing = actors.filter((one) => one.isAnswer(start));
    return knowing.reduce<Buffer | undefined>((said, one) => said && one.answer(said), payload);
  };
  return {
    answerStartBytes: startBytes,
    take: (payload) => actors.some((one) => one.take(payload)),
    isAnswer: (start) => actors.some((one) => one.isAnswer(start)),
    answer: answered,
    get held() {
      return actors.find(({ held }) => held !== undefined)?.held;
    },
    get isFull() {
      return actors.some(({ isFull }) => isFull);
    },
    close: () => {
      for (const one of actors) one.close();
      closed();
    },
  };
}
