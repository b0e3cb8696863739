/** Milliseconds between the frames of a page while `act` runs. */
export async function framesOf(page, act) {
  await page.evaluate(() => {
    const times = [];
    window.frameTimes = times;
    const count = (now) => {
      if (window.frameTimes === times) {
        times.push(now);
        requestAnimationFrame(count);
      }
    };
    requestAnimationFrame(count);
  });
  await act();
  const times = await page.evaluate(() => {
    const counted = window.frameTimes;
    window.frameTimes = undefined;
    return counted;
  });
  const gaps = times.slice(1).map((time, at) => time - times[at]).sort((a, b) => a - b);
  return { median: gaps[gaps.length >> 1], p95: gaps[Math.floor(gaps.length * 0.95)], longest: gaps.at(-1), count: gaps.length };
}
