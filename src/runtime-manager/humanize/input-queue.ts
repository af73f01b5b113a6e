import type { Humanizer } from './humanizer.ts';
import type { InputCommand } from './input-command.ts';
import { KeyboardActor } from './keyboard-actor.ts';
import type { OwnCommands } from './own-commands.ts';
import { PointerActor } from './pointer-actor.ts';
import { Stage } from './stage.ts';

/** The input of one session of a client, one command after the other. */
export class InputQueue {
  readonly #stage: Stage;
  readonly #pointer: PointerActor;
  readonly #keyboard: KeyboardActor;
  readonly #send: (command: InputCommand) => void;
  readonly #queue: InputCommand[] = [];
  #isWorking = false;
  #wasInterrupted = false;
  #lastKind: 'pointer' | 'keyboard' | undefined;
  #touchedAt = 0;

  /** `send` is called with each command of the client when the command is due. */
  constructor(
    humanizer: Humanizer,
    own: OwnCommands,
    sessionId: string | undefined,
    send: (command: InputCommand) => void,
  ) {
    this.#stage = new Stage(humanizer, own, sessionId);
    this.#pointer = new PointerActor(this.#stage);
    this.#keyboard = new KeyboardActor(this.#stage);
    this.#send = send;
  }

  get isIdle(): boolean {
    return !this.#isWorking;
  }

  /** Resolves when the queue is empty; at once when an earlier call is emptying it already. */
  async do(command: InputCommand): Promise<void> {
    this.#queue.push(command);
    if (this.#isWorking) return;
    this.#isWorking = true;
    let isQueued = false;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if (this.#wasInterrupted) this.#begin();
      this.#stage.enter(isQueued);
      this.#send(await this.#actOut(next));
      isQueued = true;
    }
    this.#isWorking = false;
  }

  /** Does at once what is being done, and returns what has not begun: somebody else has the input. */
  interrupt(): InputCommand[] {
    this.#wasInterrupted = true;
    this.#stage.hurry();
    return this.#queue.splice(0);
  }

  /** Begins anew after somebody else. */
  #begin(): void {
    this.#wasInterrupted = false;
    this.#pointer.leave();
    this.#keyboard.leave();
  }

  close(): void {
    this.#stage.close();
  }

  async #actOut(command: InputCommand): Promise<InputCommand> {
    switch (command.method) {
      case 'Input.dispatchMouseEvent':
        this.#turnTo('pointer');
        return this.#pointer.act(command, this.#queue);
      case 'Input.dispatchKeyEvent':
        this.#turnTo('keyboard');
        return this.#keyboard.press(command);
      case 'Input.insertText':
        this.#turnTo('keyboard');
        return this.#keyboard.insert(command);
      case 'Input.dispatchTouchEvent':
        this.#turnTo('pointer');
        await this.#touch(command);
        return command;
      case 'Input.dispatchDragEvent':
        // The button that began an intercepted drag is not released after the drop.
        if (command.params?.['type'] === 'drop') this.#pointer.letGo();
        return command;
      case 'Input.imeSetComposition':
        this.#keyboard.isComposing = true;
        return command;
      case 'Input.setInterceptDrags':
        this.#pointer.interceptsDrags = command.params?.['enabled'] === true;
        return command;
      default:
        return command;
    }
  }

  /** Fingers stay for a moment; the client alone says where they move. */
  async #touch({ params }: InputCommand): Promise<void> {
    const { pressMs } = this.#stage.humanizer.persona.pointer;
    if (params?.['type'] === 'touchEnd') await this.#stage.pauseSince(this.#touchedAt, pressMs);
    if (params?.['type'] === 'touchStart') this.#touchedAt = this.#stage.now;
  }

  #turnTo(kind: 'pointer' | 'keyboard'): void {
    if (this.#lastKind !== kind) this.#stage.beginAnew();
    this.#lastKind = kind;
  }
}
