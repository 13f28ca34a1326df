/** Runs at once, then again so long after each end. A page that nobody sees asks for nothing; seen again, it asks at once. */
export function repeating(pauseMs: number, run: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isRunning = false;
  let isStopped = false;

  const begin = () => {
    if (isStopped || isRunning || document.hidden) return;
    clearTimeout(timer);
    isRunning = true;
    run().finally(() => {
      isRunning = false;
      if (!isStopped) timer = setTimeout(begin, pauseMs);
    });
  };

  document.addEventListener('visibilitychange', begin);
  begin();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', begin);
  };
}

/** Resolves with the next frame, or soon where frames stand still because nobody looks. */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, 100);
    const frame = requestAnimationFrame(end);
    function end(): void {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
      resolve();
    }
  });
}
