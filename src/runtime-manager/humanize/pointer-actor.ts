import { MOUSE, MouseParams, type InputCommand } from './input-command.ts';
import { chooseLanding, findNode, lookAgain, lookAt, type Target } from './landing.ts';
import { mayDragFrom } from './node-questions.ts';
import { distance, planPath, type Point } from './pointer-path.ts';
import type { Stage } from './stage.ts';
import { WheelActor } from './wheel-actor.ts';

/** A client plans the way itself when its steps are small, or when one is like the other. */
const STEP_PX = 12;
const STEP_SPREAD_PX = 1.5;
const STEP_PAUSE_MS = 100;
/** The assumed size of a target whose size is not known. */
const TARGET_PX = 40;
const COVERED_MS = 200;
const CHECK_MS = 50;

/** Acts out what a client does with the mouse in one session. */
export class PointerActor {
  readonly #stage: Stage;
  readonly #wheel: WheelActor;
  interceptsDrags = false;
  readonly #held = new Set<string>();
  /** Where the client believes the pointer to be, and where the pointer is. */
  #aimed: Point | undefined;
  #at: Point | undefined;
  /** What the pointer went to; undefined: nobody looked, or nothing was found. */
  #target: Target | undefined;
  /** How far the client's last movement went. */
  #step: Point | undefined;
  /** Whether the browser itself may drag what was pressed; undefined: nobody asked yet. */
  #mayDrag: boolean | undefined;
  #movedAt = 0;
  #pressedAt = 0;
  #releasedAt = 0;
  #hasClicked = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#wheel = new WheelActor(stage);
  }

  /**
   * Does all that comes before the client's own event, and resolves with the event, to be sent now.
   * `upcoming`: what the client has sent since.
   */
  async act(command: InputCommand, upcoming: readonly InputCommand[]): Promise<InputCommand> {
    const { data: params } = MouseParams.safeParse(command.params);
    if (!params) return command;
    // The timestamp says when the client asked, not when the event happens.
    const { timestamp: _asked, ...event } = params;
    const place = await this.#reach(event, upcoming);
    return { ...command, params: await this.#finish({ ...event, ...place }) };
  }

  /** No button is held any more, though none was released. */
  letGo(): void {
    this.#held.clear();
  }

  /** Somebody else had the mouse: no button is held, and the pointer is elsewhere. */
  leave(): void {
    this.#held.clear();
    this.#aimed = undefined;
  }

  async #reach(params: MouseParams, upcoming: readonly InputCommand[]): Promise<Point> {
    const aimed = { x: params.x, y: params.y };
    // A place beside the middle is meant only for the target that was there then.
    const isAnew = params.type === 'mouseMoved' || this.#isNextClick(params);
    const mayStay = !isAnew || isSame(this.#at, aimed);
    if (this.#at && mayStay && isSame(this.#aimed, aimed)) return this.#at;
    // A movement after a click begins something new.
    if (params.type === 'mouseMoved' && this.#hasClicked) this.#stage.beginAnew();
    this.#hasClicked = false;
    const place = await this.#approach(aimed, params, upcoming);
    this.#aimed = aimed;
    this.#at = place;
    this.#movedAt = this.#stage.now;
    this.#stage.humanizer.lastPointer = place;
    if (params.type !== 'mouseMoved') this.#stage.tell(MOUSE, movement(params, place, this.#held));
    return place;
  }

  #isNextClick({ type, clickCount = 1 }: MouseParams): boolean {
    return type === 'mousePressed' && this.#hasClicked && clickCount < 2;
  }

  /** Moves until just before a point; resolves with the point, or one beside it on its target. */
  async #approach(
    aimed: Point,
    params: MouseParams,
    upcoming: readonly InputCommand[],
  ): Promise<Point> {
    const { humanizer } = this.#stage;
    const { persona, random } = humanizer;
    const from = this.#at ?? humanizer.enterFor(aimed);
    this.#target = undefined;
    if (this.#isOwnStep(from, aimed) || (await this.#beginsDrag(from))) {
      await this.#stage.pauseSince(this.#movedAt, persona.pointer.sampleMs);
      return aimed;
    }
    if (this.#held.size > 0) {
      await this.#travel(from, aimed, undefined, params);
      return aimed;
    }
    const target = await lookAt(this.#stage, aimed);
    this.#target = target;
    // Where a drag could begin, the point stays: a drag covers the distance that the client chose.
    const mayLand = target && isClick(aimed, upcoming);
    const to = (mayLand && chooseLanding(target, persona, random)) || aimed;
    await this.#travel(from, to, target, params);
    if (!target || (await findNode(this.#stage, to)) === target.nodeId) return to;
    const followed = await this.#follow(to);
    if (followed) return followed;
    // Something opened on the way and covers the target: it was closed where the pointer came from.
    this.#stage.tell(MOUSE, movement(params, from, this.#held));
    await this.#stage.pause(COVERED_MS);
    return aimed;
  }

  /** Where a place on the target is by now; undefined: the target has not moved. */
  async #follow(place: Point): Promise<Point | undefined> {
    const before = this.#target;
    const now = before && (await lookAgain(this.#stage, before));
    if (!now || !before.box) return undefined;
    this.#target = now;
    return {
      x: place.x + now.box.left - before.box.left,
      y: place.y + now.box.top - before.box.top,
    };
  }

  #isOwnStep(from: Point, aimed: Point): boolean {
    const before = this.#step;
    const step = this.#aimed && { x: aimed.x - this.#aimed.x, y: aimed.y - this.#aimed.y };
    this.#step = step;
    if (distance(from, aimed) < STEP_PX) return true;
    const isAtOnce = this.#stage.now - this.#movedAt < STEP_PAUSE_MS;
    return Boolean(step && before && isAtOnce && distance(step, before) < STEP_SPREAD_PX);
  }

  /** A client that intercepts drags sees by its one movement whether that begins a drag. */
  async #beginsDrag(from: Point): Promise<boolean> {
    if (!this.interceptsDrags || this.#held.size === 0) return false;
    this.#mayDrag ??= await mayDragFrom(this.#stage, from);
    return this.#mayDrag;
  }

  async #travel(
    from: Point,
    to: Point,
    target: Target | undefined,
    params: MouseParams,
  ): Promise<void> {
    const { humanizer, delayLeftMs } = this.#stage;
    const box = target?.box;
    const aim = {
      from,
      to,
      targetPx: box ? Math.min(box.width, box.height) : TARGET_PX,
      mayOvershoot: this.#held.size === 0,
      // The rest of the time is for a second look on arrival.
      maxMs: Math.max(delayLeftMs - CHECK_MS, delayLeftMs / 2),
    };
    const path = planPath(aim, humanizer.persona, humanizer.random);
    const last = path.length - 1;
    const move = (place: Point) =>
      this.#stage.tell(MOUSE, movement(params, place, this.#held), true);
    await this.#stage.play(path, (step) => step === path[last] || move(step), true);
  }

  async #finish(params: MouseParams): Promise<MouseParams> {
    const button = params.button ?? 'none';
    switch (params.type) {
      case 'mouseMoved':
        return params;
      case 'mousePressed': {
        await this.#settle(params.clickCount ?? 1);
        const pressed = await this.#catchUp(params);
        this.#held.add(button);
        this.#mayDrag = undefined;
        this.#pressedAt = this.#stage.now;
        return pressed;
      }
      case 'mouseReleased':
        await this.#stage.pauseSince(this.#pressedAt, this.#vary('pressMs'));
        this.#held.delete(button);
        this.#releasedAt = this.#stage.now;
        this.#hasClicked = true;
        return params;
      case 'mouseWheel':
        return this.#wheel.turn(params);
    }
  }

  /** Presses a target that moves where it is by now. */
  async #catchUp(params: MouseParams): Promise<MouseParams> {
    const place = this.#hasClicked ? undefined : await this.#follow(params);
    if (!place) return params;
    this.#at = place;
    this.#stage.tell(MOUSE, movement(params, place, this.#held));
    return { ...params, ...place };
  }

  async #settle(clickCount: number): Promise<void> {
    const isAgain = clickCount > 1 && this.#releasedAt > this.#movedAt;
    if (isAgain) await this.#stage.pauseSince(this.#releasedAt, this.#vary('againMs'));
    else await this.#stage.pauseSince(this.#movedAt, this.#vary('settleMs'));
  }

  #vary(what: 'pressMs' | 'settleMs' | 'againMs'): number {
    const { persona, random } = this.#stage.humanizer;
    return persona.pointer[what] * (0.75 + 0.5 * random());
  }
}

/** A movement on the way to an event, with the buttons that are held meanwhile. */
function movement(params: MouseParams, { x, y }: Point, held: ReadonlySet<string>): object {
  const { modifiers, pointerType } = params;
  const [button = 'none'] = held;
  const buttons = [...held].reduce((bits, name) => bits | (BUTTON_BITS[name] ?? 0), 0);
  return { type: 'mouseMoved', x, y, button, buttons, modifiers, pointerType };
}

/** https://www.w3.org/TR/uievents/#dom-mouseevent-buttons */
const BUTTON_BITS: Record<string, number> = { left: 1, right: 2, middle: 4, back: 8, forward: 16 };

/** Whether the client has sent both a press and a release at a point already. */
function isClick(aimed: Point, upcoming: readonly InputCommand[]): boolean {
  const [press, release] = upcoming.map(({ params }) => MouseParams.safeParse(params).data);
  const isThere = (event: MouseParams | undefined, type: MouseParams['type']) =>
    event?.type === type && isSame(event, aimed);
  return isThere(press, 'mousePressed') && isThere(release, 'mouseReleased');
}

function isSame(one: Point | undefined, other: Point): boolean {
  return one !== undefined && distance(one, other) === 0;
}
