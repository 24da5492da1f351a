// Live updates: looks often after something was done, ever less often while nothing changes, and not at all
// while nobody can see the page.

const SHORTEST = 1_000;
const LONGEST = 15_000;
const GROWTH = 1.4;

export class Poll {
  /** `look` reads what there is and says whether anything changed. */
  constructor(look) {
    this.look = look;
    this.wait = SHORTEST;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.pause() : this.soon()));
  }

  /** Looks now, and often for a while. Resolves when it has looked. */
  soon() {
    this.wait = SHORTEST;
    return this.turn();
  }

  pause() {
    clearTimeout(this.timer);
  }

  async turn() {
    clearTimeout(this.timer);
    // One look at a time; who asks meanwhile waits for another one that begins after it.
    const before = this.looking;
    const mine = (async () => {
      await before;
      return this.look();
    })();
    this.looking = mine.catch(() => {});
    const changed = await mine.catch(() => false);
    this.wait = changed ? SHORTEST : Math.min(this.wait * GROWTH, LONGEST);
    clearTimeout(this.timer);
    if (!document.hidden) this.timer = setTimeout(() => this.turn(), this.wait);
  }
}
