import { signal } from '@preact/signals';
import { Dialog } from './dialog.tsx';

interface Question {
  title: string;
  text: string;
  /** What the button that goes on says. */
  verb: string;
  /** Whether nothing is lost by it. */
  isSafe?: boolean;
}

const asked = signal<(Question & { answer: (isSure: boolean) => void }) | undefined>(undefined);

/** Asks before something that cannot be undone. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    asked.value = { ...question, answer: resolve };
  });
}

export function Confirmation() {
  const question = asked.value;
  if (!question) return null;
  const answer = (isSure: boolean) => {
    asked.value = undefined;
    question.answer(isSure);
  };
  return (
    <Dialog title={question.title} onClose={() => answer(false)}>
      <p>{question.text}</p>
      <div class="buttons">
        <button class="framed" type="button" onClick={() => answer(false)}>
          Cancel
        </button>
        <button
          class={question.isSafe ? 'primary' : 'primary danger'}
          type="button"
          onClick={() => answer(true)}
        >
          {question.verb}
        </button>
      </div>
    </Dialog>
  );
}
