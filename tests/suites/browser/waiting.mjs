// Waiting for conditions, with deadlines no machine that works will miss, and claims that must hold.

const PATIENCE = 90_000;

export const rest = milliseconds => new Promise(resolve => { setTimeout(resolve, milliseconds); });

/** Waits until a condition comes true and resolves with its value. `what` completes "waited in vain until". */
export const until = async (what, condition, patience = PATIENCE) => {
  const deadline = performance.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await rest(50);
  }
};

/** Fails when something takes longer than any machine needs for it. */
export const within = async (patience, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came of it within ${patience / 1000} s`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** What must hold; `claim` says it in words. */
export const check = (holds, claim) => {
  if (!holds) throw new Error(`does not hold: ${claim}`);
};

/** Waits until `read` yields what is expected. What an input leads to is a task of its own in a browser, maybe a later one. */
export const becomes = async (read, expected, what, patience = PATIENCE) => {
  const sought = JSON.stringify(expected);
  let actual;
  await until(what, async () => (actual = JSON.stringify(await read())) === sought, patience).catch(() => {
    throw new Error(`${what}: ${actual} instead of ${sought}`);
  });
};

export const equal = (actual, expected, what) => {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`);
};
